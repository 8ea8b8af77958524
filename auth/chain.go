package auth

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
)

// ChainOptions tunes a Chain.
type ChainOptions struct {
	// Logger gets one record per request. Defaults to none.
	Logger *slog.Logger

	// Sink keeps the audit events. Defaults to none.
	Sink Sink

	// Proxies are the host's reverse proxies, trusted to name the client and
	// the request. Defaults to none.
	Proxies Proxies

	// CORS says which web pages may call. Defaults to those of this host.
	CORS *CORSOptions

	// Limiter counts for both limits. Defaults to ratelimit.NewMemory(nil).
	Limiter ratelimit.Limiter

	// AddressLimit is per client address, authenticated or not; a whole office
	// may share one. Defaults to 600 requests a minute.
	AddressLimit ratelimit.Limit

	// UserLimit is per user; requests without a caller, as on public routes and
	// through links, share it per client address. Defaults to 50 requests a minute.
	UserLimit ratelimit.Limit

	// UserRoutes are routes with limits of their own, as in RateLimitOptions.
	// Defaults to none.
	UserRoutes map[string]ratelimit.Limit
}

// A Chain is the usual row of middleware, in the order in which each can do its
// work:
//
//  1. the request id, for whoever writes something down;
//  2. the audit, which sees everything that is refused further in;
//  3. CORS, so that a page may read a refusal too, and preflights, which carry
//     no credentials, end here;
//  4. the limit per address, before any cryptography;
//  5. the authenticator;
//  6. the limit per user, who is known only now.
type Chain struct {
	layers []func(http.Handler) http.Handler
}

// NewChain returns a Chain around an Authenticator.
func NewChain(a *Authenticator, opts *ChainOptions) (*Chain, error) {
	if a == nil {
		return nil, fmt.Errorf("%w: no authenticator", ErrConfig)
	}
	var o ChainOptions
	if opts != nil {
		o = *opts
	}
	if o.Limiter == nil {
		o.Limiter = ratelimit.NewMemory(nil)
	}
	if o.AddressLimit == (ratelimit.Limit{}) {
		o.AddressLimit = ratelimit.PerMinute(600)
	}
	pages, err := NewCORS(o.CORS)
	if err != nil {
		return nil, err
	}
	perAddress, err := NewRateLimit(o.Limiter, &RateLimitOptions{Limit: o.AddressLimit, Key: func(r *http.Request) string { return "all " + ByIP(o.Proxies)(r) }})
	if err != nil {
		return nil, err
	}
	perUser, err := NewRateLimit(o.Limiter, &RateLimitOptions{Limit: o.UserLimit, Routes: o.UserRoutes, Key: ByUser(o.Proxies)})
	if err != nil {
		return nil, err
	}
	audit := NewAuditor(&AuditOptions{Logger: o.Logger, Sink: o.Sink, Proxies: o.Proxies})
	return &Chain{layers: []func(http.Handler) http.Handler{
		RequestID(o.Proxies), audit.Handler, pages.Handler, perAddress.Handler, a.Handler, perUser.Handler,
	}}, nil
}

// Handler puts the chain around next.
func (c *Chain) Handler(next http.Handler) http.Handler {
	for i := len(c.layers) - 1; i >= 0; i-- {
		next = c.layers[i](next)
	}
	return next
}
