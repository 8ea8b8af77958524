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
//     database.
//   - [Store]: a blob.Store scoped to the tenant of each call: [Namespace],
//     permission, quota, audit [Event].
//   - [ObserveQuotas]: how full tenants are, as metrics.
//
// # Writing a tenant manager
//
// Three methods over the host's own tables, and Limits if blobs have a largest
// size. Begin with the suite:
//
//	func TestManager(t *testing.T) {
//		tenanttest.RunManager(t, func(t *testing.T, tenants []tenanttest.Tenant) tenant.Manager {
//			return seeded(t, tenants)
//		})
//	}
//
// What matters:
//
//   - Resolve: tenant and user come from a verified token, never from the request
//     alone. Whoever is not known, or no longer a member, is ErrUnknown, and
//     nothing says which of the two ids was wrong.
//   - Reserve is one statement that checks and takes, an UPDATE whose WHERE asks
//     for the room. Reading first and writing then lets parallel uploads
//     overshoot. No row changed means ErrQuota, or ErrUnknown.
//   - Compare without overflow: bytes <= max_bytes - $1, and not the sum. Refuse
//     negative numbers, which would make room.
//   - Release never fails because it gives back too much: what is left is zero.
//   - Any other error counts as a Manager out of reach: the upload fails, and is
//     retried.
//
// The example of package tenanttest is a whole one, in SQL.
//
// Counts can drift after crashes. Compare with [Store.Measure] at night, and
// correct the table while nothing of the tenant is being written.
package tenant
