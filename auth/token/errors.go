package token

import "errors"

// Why a token is refused. Test with errors.Is. None of the texts, nor what is
// wrapped around them, contains the token or a part of its signature.
var (
	ErrMalformed   = errors.New("token: malformed")
	ErrTooLarge    = errors.New("token: too large")
	ErrAlgorithm   = errors.New("token: algorithm not allowed")
	ErrCritical    = errors.New("token: critical extension not understood")
	ErrType        = errors.New("token: of another type")
	ErrUnknownKey  = errors.New("token: no such key")
	ErrSignature   = errors.New("token: signature is wrong")
	ErrClaims      = errors.New("token: claim missing or of a wrong type")
	ErrExpired     = errors.New("token: expired")
	ErrNotYetValid = errors.New("token: not valid yet")
	ErrLifetime    = errors.New("token: lives too long")
	ErrIssuer      = errors.New("token: wrong issuer")
	ErrAudience    = errors.New("token: for another audience")
	ErrRevoked     = errors.New("token: revoked")
)

// What goes wrong outside a token.
var (
	ErrKey         = errors.New("token: unusable key")
	ErrConfig      = errors.New("token: bad configuration")
	ErrUnavailable = errors.New("token: cannot be checked right now") // keys or revocation list out of reach
)
