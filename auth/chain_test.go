package auth_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
)

func TestChainOrder(t *testing.T) {
	o, j := newOffice(t), &journal{}
	chain, err := auth.NewChain(newAuthenticator(t, o, nil), &auth.ChainOptions{
		Sink: j, CORS: &auth.CORSOptions{Origins: []string{page}}, AddressLimit: ratelimit.PerMinute(20), UserLimit: ratelimit.PerMinute(5),
	})
	require.NoError(t, err)
	handler := chain.Handler(http.HandlerFunc(whoami))
	good := []string{"Origin", page, "Authorization", o.bearer(t, tenantA, userA, "user")}

	// Preflights end before any limit and without credentials.
	for range 30 {
		w := do(handler, request("OPTIONS", "/", "Origin", page, "Access-Control-Request-Method", "GET"))
		require.Equal(t, page, w.Header().Get("Access-Control-Allow-Origin"))
	}
	// A page can read a refusal; the audit has it, with the request id.
	w := do(handler, request("GET", "/", "Origin", page))
	requireError(t, w, 401, "unauthorized")
	require.Equal(t, page, w.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, w.Header().Get("X-Request-ID"), j.last(t).RequestID)

	require.Equal(t, 5, passes(handler, 8, func(int) *http.Request { return request("GET", "/", good...) }))
	require.Equal(t, userA, j.last(t).UserID, "the audit knows who was limited")
	require.Equal(t, "auth: too many requests: 5 in 1m0s", j.last(t).Reason)

	// 9 of this address are gone; guessing tokens uses up the other 11, and
	// then not even a good one is looked at.
	guess := func(int) *http.Request { return request("GET", "/", "Authorization", "Bearer x") }
	for range 11 {
		require.Equal(t, 401, do(handler, guess(0)).Code)
	}
	require.Equal(t, 429, do(handler, guess(0)).Code)
	require.Equal(t, 429, do(handler, request("GET", "/", "Authorization", o.bearer(t, tenantA, userB, "user"))).Code)
	require.Len(t, j.events, 30+1+8+11+2, "every request is audited")
}

func TestChainConfiguration(t *testing.T) {
	a := newAuthenticator(t, newOffice(t), nil)
	_, err := auth.NewChain(nil, nil)
	require.ErrorIs(t, err, auth.ErrConfig)
	for _, opts := range []auth.ChainOptions{
		{CORS: &auth.CORSOptions{Origins: []string{"*"}, Credentials: true}}, {UserLimit: ratelimit.Limit{Requests: 1}}, {AddressLimit: ratelimit.Limit{Requests: -1}},
		{UserRoutes: map[string]ratelimit.Limit{"!": ratelimit.PerMinute(1)}},
	} {
		_, err := auth.NewChain(a, &opts)
		require.ErrorIs(t, err, auth.ErrConfig)
	}
}

// A host that uses no Redis links none, and auth stays below the packages it
// protects.
func TestWhatAuthLinks(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not installed")
	}
	output, err := exec.CommandContext(t.Context(), goTool, "list", "-deps", "./...").Output()
	require.NoError(t, err)
	require.Contains(t, string(output), "go-redis", "redislimit does link it")
	output, err = exec.CommandContext(t.Context(), goTool, "list", "-deps", ".", "./token", "./ratelimit", "./password").Output()
	require.NoError(t, err)
	for pkg := range strings.FieldsSeq(string(output)) {
		require.NotContains(t, pkg, "go-redis")
		require.NotContains(t, pkg, "attachment-handler/attachment")
	}
}
