package auth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
)

const page = "https://app.example.com"

func TestCORSOrigins(t *testing.T) {
	pages, err := auth.NewCORS(&auth.CORSOptions{Origins: []string{page, "http://localhost:3000"}, Credentials: true})
	require.NoError(t, err)
	handler := pages.Handler(http.HandlerFunc(whoami))
	for origin, allowed := range map[string]bool{
		page: true, "http://localhost:3000": true,
		"http://app.example.com": false, "https://app.example.com:8443": false, "https://app.example.com.evil.test": false, "https://evil.test": false,
		"https://xapp.example.com": false, "https://app.example.com/": false, "null": false, "http://localhost": false, "*": false,
	} {
		r := request("GET", "/", "Origin", origin)
		w := do(handler, r)
		require.Equal(t, allowed, pages.Check(r), origin)
		require.Equal(t, allowed, w.Header().Get("Access-Control-Allow-Origin") == origin, origin)
		require.Equal(t, allowed, w.Header().Get("Access-Control-Allow-Credentials") == "true", origin)
		require.Contains(t, w.Header().Values("Vary"), "Origin", "a cache must tell origins apart")

		preflight := do(handler, request("OPTIONS", "/", "Origin", origin, "Access-Control-Request-Method", "DELETE", "Access-Control-Request-Headers", "authorization"))
		require.Equal(t, http.StatusNoContent, preflight.Code)
		require.Empty(t, preflight.Body.String(), "the handler does not run")
		require.Equal(t, allowed, preflight.Header().Get("Access-Control-Allow-Methods") == "DELETE", origin)
	}
	require.True(t, pages.Check(request("GET", "/")), "no page at all")
	refused := do(handler, request("OPTIONS", "/", "Origin", page, "Access-Control-Request-Method", "PATCH"))
	require.Empty(t, refused.Header().Get("Access-Control-Allow-Methods"))
}

func TestCORSIsOffByDefault(t *testing.T) {
	for _, opts := range []*auth.CORSOptions{nil, {}, {Credentials: true}} {
		pages, err := auth.NewCORS(opts)
		require.NoError(t, err)
		r := request("GET", "/", "Origin", page)
		require.Empty(t, do(pages.Handler(http.HandlerFunc(whoami)), r).Header().Get("Access-Control-Allow-Origin"))
		require.False(t, pages.Check(r))
	}
}

func TestCORSConfiguration(t *testing.T) {
	for _, opts := range []auth.CORSOptions{
		{Origins: []string{"*"}, Credentials: true}, {Origins: []string{"*", page}}, {Origins: []string{"https://*.example.com"}}, {Origins: []string{"null"}}, {Origins: []string{""}},
		{Origins: []string{"app.example.com"}}, {Origins: []string{page + "/"}}, {Origins: []string{page + "/path"}}, {Origins: []string{page + ":443"}}, {Origins: []string{"https://App.example.com"}},
		{Origins: []string{"ftp://app.example.com"}}, {Origins: []string{"https://user@app.example.com"}}, {Origins: []string{page, " " + page}}, {Origins: []string{"https://"}}, {Origins: []string{"https://:8443"}},
	} {
		_, err := auth.NewCORS(&opts)
		require.ErrorIs(t, err, auth.ErrConfig, "%v", opts.Origins)
	}
	anywhere, err := auth.NewCORS(&auth.CORSOptions{Origins: []string{"*"}})
	require.NoError(t, err)
	w := do(anywhere.Handler(http.HandlerFunc(whoami)), request("GET", "/", "Origin", "https://evil.test"))
	require.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"))
	require.Empty(t, w.Header().Get("Access-Control-Allow-Credentials"))
}
