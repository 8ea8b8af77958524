package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

// A TokenVerifier turns a bearer token into claims; *token.Verifier does.
// An error that matches token.ErrUnavailable is answered with 503, any other
// with 401.
type TokenVerifier interface {
	Verify(ctx context.Context, raw string) (*token.Claims, error)
}

// AuthenticatorOptions tunes an Authenticator.
type AuthenticatorOptions struct {
	// Rules say which callers there may be. Defaults to those of Rules.
	Rules

	// Public are net/http patterns, such as "GET /healthz", of routes that
	// need no credentials. Credentials that are sent there are checked all
	// the same. Defaults to none.
	Public []string

	// Logger hears that development mode is on. Defaults to none.
	Logger *slog.Logger
}

// An Authenticator finds out who sends a request. One call does all of it:
// there is no second middleware to forget.
type Authenticator struct {
	identify func(*http.Request) (token.Claims, error)
	rules    Rules
	public   routes
}

// NewAuthenticator returns an Authenticator for bearer tokens (RFC 6750, in
// the Authorization header only).
func NewAuthenticator(v TokenVerifier, opts *AuthenticatorOptions) (*Authenticator, error) {
	if v == nil {
		return nil, fmt.Errorf("%w: no verifier", ErrConfig)
	}
	return newAuthenticator(opts, func(r *http.Request) (token.Claims, error) {
		raw, err := bearer(r.Header)
		if err != nil {
			return token.Claims{}, err
		}
		claims, err := v.Verify(r.Context(), raw)
		if err != nil {
			return token.Claims{}, err
		}
		return *claims, nil
	})
}

func newAuthenticator(opts *AuthenticatorOptions, identify func(*http.Request) (token.Claims, error)) (*Authenticator, error) {
	if opts == nil {
		opts = &AuthenticatorOptions{}
	}
	public, err := newRoutes(opts.Public)
	if err != nil {
		return nil, err
	}
	a := &Authenticator{identify: identify, rules: opts.withDefaults(), public: public}
	a.rules.Roles = a.rules.Roles.clone()
	return a, nil
}

// bearer returns the token of the only Authorization header. The scheme is
// written "Bearer", with one space after it.
func bearer(h http.Header) (string, error) {
	values := h["Authorization"]
	if len(values) == 0 {
		return "", ErrNoCredentials
	}
	if len(values) > 1 {
		return "", fmt.Errorf("%w: %d Authorization headers", ErrAuthorization, len(values))
	}
	raw, ok := strings.CutPrefix(values[0], "Bearer ")
	if !ok {
		return "", fmt.Errorf("%w: another scheme", ErrNoCredentials)
	}
	if raw == "" || strings.ContainsAny(raw, " \t,") {
		return "", fmt.Errorf("%w: not one token", ErrAuthorization)
	}
	return raw, nil
}

// Check returns the caller of r, or why there is none. On a public route
// without credentials it returns neither.
func (a *Authenticator) Check(r *http.Request) (*Principal, error) {
	claims, err := a.identify(r)
	if err != nil {
		if errors.Is(err, ErrNoCredentials) && len(r.Header["Authorization"]) == 0 && a.public.matchPlain(r) != "" {
			return nil, nil
		}
		return nil, err
	}
	return NewPrincipal(claims, &a.rules)
}

// Handler lets only authenticated requests through to next, with the caller in
// their context: PrincipalFrom and tenant.FromContext find him there.
func (a *Authenticator) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := a.Check(r)
		switch {
		case err != nil:
			refuse(w, r, err)
		case p == nil:
			next.ServeHTTP(w, r)
		default:
			notePrincipal(r.Context(), p)
			serve(next, w, r, r.WithContext(NewContext(r.Context(), p)))
		}
	})
}
