// Package services starts private instances of the real components for one
// test binary: PostgreSQL, Redis, clamd and an S3 server. Each listens on a
// random loopback port, keeps its files in a temporary folder, and is stopped
// when the test ends. Nothing that already runs on the machine is touched.
//
// Where a binary is missing the test skips and says how to install it; with
// REQUIRE_SERVICES=1 in the environment, as `make test` sets it, it fails
// instead.
package services
