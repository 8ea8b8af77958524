// Package token makes and checks bearer tokens: signed JWTs (RFC 7519) that
// say which user of which tenant is calling, and in what role.
//
// It follows the best current practices of RFC 8725. A key is pinned to one
// algorithm, so that the token cannot choose how it is checked. Keys come only
// from a key set that the host names, so that the token cannot bring its own.
// The signature is checked before the claims are read, and claims that are
// missing, doubled or of another type than expected are refused: two readers
// of one token must never see two different users.
//
// # Who lives here
//
//   - [Verifier] decodes, [Issuer] creates; [Claims] is what they exchange.
//   - [Key] and [KeySet]: keys with ids, and rotation.
//   - [ParseJWKS] and [RemoteKeys]: keys from a JWKS (RFC 7517), out of a
//     document or from an https address.
package token
