package auth

import "errors"

// Why a request is refused, beside the errors of package token and
// tenant.ErrForbidden. Test with errors.Is.
var (
	ErrNoCredentials = errors.New("auth: no bearer token")             // 401
	ErrAuthorization = errors.New("auth: malformed credentials")       // 400
	ErrIdentity      = errors.New("auth: tenant or user id not valid") // 401
	ErrRole          = errors.New("auth: unknown role")                // 403
	ErrRateLimited   = errors.New("auth: too many requests")           // 429
	ErrDevelopment   = errors.New("auth: development mode serves this machine only")
)

// ErrConfig is what constructors return for options that make no sense.
var ErrConfig = errors.New("auth: bad configuration")
