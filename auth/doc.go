// Package auth stands between the network and the handlers of a host: who is
// calling, what he may do, how often, and what is written down about it.
//
// [NewChain] builds the whole of it, in the right order; each middleware also
// stands alone, as a func(http.Handler) http.Handler; what decides has its
// decision apart, in a Check.
//
//	request id → audit → CORS → limit per address → authenticate → limit per user → handler
//
// # Who lives here
//
//   - [Authenticator]: from a bearer token to a [Principal] and a
//     tenant.Context in ctx; [NewDevelopmentAuthenticator] for a machine
//     without an issuer.
//   - [Roles], [RequireRole], [RequirePermission], [CanAccess]: what a user
//     may do, and to which rows.
//   - [Auditor]: one [Event] per request; [Annotate] adds to it.
//   - [CORS], [RateLimit], [RequestID], [Proxies].
//
// Next door: token makes and checks tokens, ratelimit and redislimit count,
// password hashes.
package auth
