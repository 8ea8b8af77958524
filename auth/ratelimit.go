package auth

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
)

// A KeyFunc says whose quota a request uses. It must not read what a client
// can choose.
type KeyFunc func(*http.Request) string

// ByIP keys requests by client address, for the time before it is known who
// calls. An IPv6 client owns at least a /64, so that counts as one.
func ByIP(trusted Proxies) KeyFunc {
	return func(r *http.Request) string {
		addr := trusted.ClientIP(r)
		if addr.Is6() {
			return "ip:" + netip.PrefixFrom(addr, 64).Masked().Addr().String()
		}
		return "ip:" + addr.String()
	}
}

// ByUser keys requests by the verified user of the verified tenant, and those
// of nobody by client address.
func ByUser(trusted Proxies) KeyFunc {
	byIP := ByIP(trusted)
	return func(r *http.Request) string {
		p, err := PrincipalFrom(r.Context())
		if err != nil {
			return byIP(r)
		}
		return "user:" + p.TenantID() + ":" + p.UserID() // a tenant id has no colon
	}
}

// RateLimitOptions tunes a RateLimit.
type RateLimitOptions struct {
	// Limit defaults to 50 requests a minute.
	Limit ratelimit.Limit

	// Routes have limits, and counts, of their own: net/http patterns such as
	// "POST /api/v1/messages/{messageId}/attachments". Defaults to none.
	Routes map[string]ratelimit.Limit

	// Key defaults to ByUser(nil).
	Key KeyFunc
}

// A RateLimit refuses with 429 what goes beyond a limit. A limiter that fails
// is answered with 503; ratelimit.Resilient has other choices.
type RateLimit struct {
	limiter ratelimit.Limiter
	opts    RateLimitOptions
	routes  routes
}

// NewRateLimit returns a RateLimit that counts in limiter.
func NewRateLimit(limiter ratelimit.Limiter, opts *RateLimitOptions) (*RateLimit, error) {
	l := &RateLimit{limiter: limiter}
	if opts != nil {
		l.opts = *opts
	}
	if l.opts.Limit == (ratelimit.Limit{}) {
		l.opts.Limit = ratelimit.PerMinute(50)
	}
	if l.opts.Key == nil {
		l.opts.Key = ByUser(nil)
	}
	l.opts.Routes = maps.Clone(l.opts.Routes)
	for pattern, limit := range l.opts.Routes {
		if err := limit.Validate(); err != nil {
			return nil, fmt.Errorf("%w: route %q: %w", ErrConfig, pattern, err)
		}
	}
	if limiter == nil {
		return nil, fmt.Errorf("%w: no limiter", ErrConfig)
	}
	if err := l.opts.Limit.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	var err error
	l.routes, err = newRoutes(slices.Collect(maps.Keys(l.opts.Routes)))
	return l, err
}

// Check counts r, and returns its quota and the limit that applies. The error
// is that of the limiter; a quota that is used up is none.
func (l *RateLimit) Check(r *http.Request) (ratelimit.Quota, ratelimit.Limit, error) {
	key, limit := l.opts.Key(r), l.opts.Limit
	if pattern := l.routes.match(r); pattern != "" {
		key, limit = key+" "+pattern, l.opts.Routes[pattern]
	}
	quota, err := l.limiter.Take(r.Context(), key, limit)
	return quota, limit, err
}

// Handler lets requests through to next while their quota lasts. Responses
// carry RateLimit-Limit, -Remaining, -Reset and -Policy, as in
// draft-ietf-httpapi-ratelimit-headers-06, and a refusal also Retry-After.
func (l *RateLimit) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		quota, limit, err := l.Check(r)
		if err != nil {
			refuse(w, r, fmt.Errorf("%w: %w", ratelimit.ErrUnavailable, err))
			return
		}
		reset := strconv.Itoa(int((quota.Reset + time.Second - 1) / time.Second)) // up, so that the client is not early
		h, requests := w.Header(), strconv.Itoa(limit.Requests)
		h.Set("RateLimit-Limit", requests)
		h.Set("RateLimit-Remaining", strconv.Itoa(quota.Remaining))
		h.Set("RateLimit-Reset", reset)
		h.Set("RateLimit-Policy", requests+";w="+strconv.Itoa(int(limit.Window/time.Second)))
		if !quota.Allowed {
			h.Set("Retry-After", reset)
			refuse(w, r, fmt.Errorf("%w: %d in %s", ErrRateLimited, limit.Requests, limit.Window))
			return
		}
		next.ServeHTTP(w, r)
	})
}
