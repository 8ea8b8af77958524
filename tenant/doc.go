// Package tenant says on whose behalf a call is made, and keeps tenants apart.
//
// The tenant travels in the context and nowhere else: no global, no default,
// no fallback. A call without one fails with [ErrMissing].
//
// # Who lives here
//
//   - [Context]: tenant, user, and what the user may do; [NewContext] and
//     [FromContext] carry it.
//   - [Manager]: the host's port for looking tenants up and metering them, and
//     [Limiter], which it may also be; [Memory] is a real one without a
//     database. Prove your own with tenanttest.RunManager.
//   - [Store]: a blob.Store scoped to the tenant of each call: [Namespace],
//     permission, quota, audit [Event].
package tenant
