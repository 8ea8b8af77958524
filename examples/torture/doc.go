// Package torture is where the library is treated badly: a whole host, on
// PostgreSQL, S3, clamd and Redis, works while each connection in turn is
// slowed, cut, reset or gone, and for a long time at full speed. The laws are
// looked at after everything.
//
// # Who lives here
//
//   - TestFaults: every fault on every connection. What a user sees meanwhile
//     is in FAULTS.md, which the test writes and compares.
//   - TestSoak: mixed work without end; memory, goroutines and descriptors
//     must stay level.
//   - cmd/torture: these two and the crash and race harnesses of sqlrepo in
//     one command, with a seed and a time budget.
//
// TORTURE_SEED, FAULT_SECONDS and SOAK_SECONDS set them going longer.
package torture
