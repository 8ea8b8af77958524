package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
)

func limited(tb testing.TB, limiter ratelimit.Limiter, opts *auth.RateLimitOptions) http.Handler {
	tb.Helper()
	l, err := auth.NewRateLimit(limiter, opts)
	require.NoError(tb, err)
	return l.Handler(http.HandlerFunc(whoami))
}

// passes sends n requests and returns how many were let through.
func passes(h http.Handler, n int, make func(i int) *http.Request) (allowed int) {
	for i := range n {
		if do(h, make(i)).Code == http.StatusOK {
			allowed++
		}
	}
	return allowed
}

func TestRateLimitHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := limited(t, ratelimit.NewMemory(nil), nil)
		user := func(int) *http.Request { return request("GET", "/").WithContext(as(t, tenantA, userA, "user")) }
		w := do(handler, user(0))
		require.Equal(t, "50", w.Header().Get("RateLimit-Limit"))
		require.Equal(t, "49", w.Header().Get("RateLimit-Remaining"))
		require.Equal(t, "61", w.Header().Get("RateLimit-Reset"))
		require.Equal(t, "50;w=60", w.Header().Get("RateLimit-Policy"))
		require.Empty(t, w.Header().Get("Retry-After"))
		require.Equal(t, 49, passes(handler, 100, user))

		time.Sleep(10*time.Second + 500*time.Millisecond)
		w = do(handler, user(0))
		requireError(t, w, 429, "rate_limited")
		require.Equal(t, "0", w.Header().Get("RateLimit-Remaining"))
		require.Equal(t, "51", w.Header().Get("Retry-After"))
		time.Sleep(51 * time.Second)
		require.Equal(t, 50, passes(handler, 100, user), "Retry-After is honest")
	})
}

func TestRateLimitKeys(t *testing.T) {
	limit := &auth.RateLimitOptions{Limit: ratelimit.PerMinute(3), Key: auth.ByUser(proxies(t, "10.0.0.0/8"))}
	count := func(make func(i int) *http.Request) int {
		return passes(limited(t, ratelimit.NewMemory(nil), limit), 20, make)
	}
	require.Equal(t, 3, count(func(i int) *http.Request {
		r := from(fmt.Sprintf("203.0.113.%d:1", i)).WithContext(as(t, tenantA, userA, "user"))
		return r
	}), "one user from many addresses")
	require.Equal(t, 6, count(func(i int) *http.Request {
		return from("203.0.113.1:1").WithContext(as(t, tenantA, []string{userA, userB}[i%2], "user"))
	}), "two users behind one address")
	require.Equal(t, 6, count(func(i int) *http.Request {
		return from("203.0.113.1:1").WithContext(as(t, []string{tenantA, tenantB}[i%2], userA, "user"))
	}), "one user id in two tenants is two users")
	require.Equal(t, 3, count(func(i int) *http.Request {
		r := from("203.0.113.1:1", fmt.Sprintf("198.51.100.%d", i))
		for _, name := range []string{"X-User-ID", "X-Tenant-ID", "X-Real-IP", "X-Client-IP", "X-API-Key", "User-Agent", "Forwarded", "CF-Connecting-IP", "X-Request-ID", "Cookie"} {
			r.Header.Set(name, fmt.Sprint("value", i))
		}
		return r
	}), "nothing a client sends makes it another")
	require.Equal(t, 20, count(func(i int) *http.Request { return from("10.0.0.1:1", fmt.Sprintf("198.51.100.%d", i)) }), "a trusted proxy's word counts")
	require.Equal(t, 3, count(func(i int) *http.Request { return from(fmt.Sprintf("[2001:db8::%x]:1", i)) }), "a /64 is one client")
	require.Equal(t, 20, count(func(i int) *http.Request { return from(fmt.Sprintf("[2001:db8:0:%x::1]:1", i)) }))
	require.Equal(t, 3, count(func(i int) *http.Request { return from(fmt.Sprintf("[fe80::1%%eth%d]:1", i)) }), "a zone makes no difference")
	require.Equal(t, 3, count(func(int) *http.Request { return from("@") }), "no address is one address")
}

func TestRateLimitPerRoute(t *testing.T) {
	routes := map[string]ratelimit.Limit{"POST /upload/{id}": ratelimit.PerMinute(2), "GET /free/": ratelimit.PerMinute(1000)}
	handler := limited(t, ratelimit.NewMemory(nil), &auth.RateLimitOptions{Limit: ratelimit.PerMinute(5), Routes: routes})
	routes["POST /upload/{id}"] = ratelimit.PerMinute(999) // too late
	at := func(method, path string) func(i int) *http.Request {
		return func(i int) *http.Request {
			return request(method, fmt.Sprintf(path, i)).WithContext(as(t, tenantA, userA, "user"))
		}
	}
	require.Equal(t, 2, passes(handler, 20, at("POST", "/upload/%d")), "all of a pattern together")
	require.Equal(t, 5, passes(handler, 20, at("GET", "/upload/%d")), "another method is another route")
	require.Equal(t, 100, passes(handler, 100, at("GET", "/free/%d")))
	require.Equal(t, "2;w=60", do(handler, at("POST", "/upload/%d")(0)).Header().Get("RateLimit-Policy"))
}

type limiterFunc func(context.Context, string, ratelimit.Limit) (ratelimit.Quota, error)

func (f limiterFunc) Take(ctx context.Context, key string, limit ratelimit.Limit) (ratelimit.Quota, error) {
	return f(ctx, key, limit)
}

func TestRateLimitFailsClosedIfTheLimiterDoes(t *testing.T) {
	broken := limiterFunc(func(context.Context, string, ratelimit.Limit) (ratelimit.Quota, error) {
		return ratelimit.Quota{Allowed: true}, errors.New("dial tcp 10.1.2.3:6379")
	})
	w := do(limited(t, broken, nil), request("GET", "/"))
	requireError(t, w, 503, "unavailable")
	require.NotContains(t, w.Body.String(), "10.1.2.3")
}

func TestRateLimitConfiguration(t *testing.T) {
	memory := ratelimit.NewMemory(nil)
	for _, opts := range []auth.RateLimitOptions{
		{Limit: ratelimit.Limit{Requests: -1, Window: time.Minute}}, {Limit: ratelimit.Limit{Requests: 1}},
		{Routes: map[string]ratelimit.Limit{"GET /": {}}}, {Routes: map[string]ratelimit.Limit{"GET": ratelimit.PerMinute(1)}}, {Routes: map[string]ratelimit.Limit{"/a/{x}": ratelimit.PerMinute(1), "/a/{y}": ratelimit.PerMinute(1)}},
	} {
		_, err := auth.NewRateLimit(memory, &opts)
		require.ErrorIs(t, err, auth.ErrConfig)
	}
	_, err := auth.NewRateLimit(nil, nil)
	require.ErrorIs(t, err, auth.ErrConfig)
}
