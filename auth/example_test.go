package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// A host mounts everything in one line: chain.Handler(mux).
func ExampleNewChain() {
	key, err := token.NewSecret("2026-01", []byte("nG7!pQ2vX9#rT4mK8$wZ1bY6&cJ3hL5d"))
	if err != nil {
		panic(err)
	}
	keys, err := token.NewKeySet(key)
	if err != nil {
		panic(err)
	}
	verifier, err := token.NewVerifier(keys, nil)
	if err != nil {
		panic(err)
	}
	authenticator, err := auth.NewAuthenticator(verifier, &auth.AuthenticatorOptions{Public: []string{"GET /healthz"}})
	if err != nil {
		panic(err)
	}
	chain, err := auth.NewChain(authenticator, &auth.ChainOptions{
		CORS: &auth.CORSOptions{Origins: []string{"https://app.example.com"}},
	})
	if err != nil {
		panic(err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		p, _ := auth.PrincipalFrom(r.Context())
		fmt.Fprint(w, "user ", p.UserID())
	})
	mux.Handle("POST /rescan", auth.RequirePermission(tenant.Admin)(http.NotFoundHandler()))
	handler := chain.Handler(mux)

	issuer, err := token.NewIssuer(keys, nil)
	if err != nil {
		panic(err)
	}
	bearer, err := issuer.Issue(token.Claims{TenantID: "7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11", UserID: "e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22", Role: "user"})
	if err != nil {
		panic(err)
	}
	for _, call := range []struct{ method, path, bearer string }{{"GET", "/healthz", ""}, {"GET", "/me", ""}, {"GET", "/me", bearer}, {"POST", "/rescan", bearer}} {
		r := httptest.NewRequest(call.method, call.path, nil)
		if call.bearer != "" {
			r.Header.Set("Authorization", "Bearer "+call.bearer)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(call.method, call.path, w.Code, w.Body)
	}
	// Output:
	// GET /healthz 200 ok
	// GET /me 401 {"error":"unauthorized","message":"a bearer token is required"}
	// GET /me 200 user e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22
	// POST /rescan 403 {"error":"forbidden","message":"not allowed"}
}

func ExampleCanAccess() {
	user := tenant.NewContext(context.Background(), tenant.User{Tenant: "acme", ID: "bob"})
	admin := tenant.NewContext(context.Background(), tenant.User{Tenant: "acme", ID: "eve", Actions: []tenant.Action{tenant.Admin}})

	fmt.Println(auth.CanAccess(user, "acme", "bob"), auth.CanAccess(user, "acme", "eve"))
	fmt.Println(auth.CanAccess(admin, "acme", "bob"), auth.CanAccess(admin, "other", "eve"))
	// Output:
	// true false
	// true false
}

func ExampleProxies() {
	trusted, err := auth.ParseProxies("10.0.0.0/8")
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "10.0.0.1:443"
	r.Header.Set("X-Forwarded-For", "198.51.100.1 (forged by the client), 203.0.113.5")
	fmt.Println(trusted.ClientIP(r))
	// Output: 203.0.113.5
}
