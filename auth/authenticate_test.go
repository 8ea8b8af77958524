package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func TestAuthenticatorPutsTheCallerIntoTheContext(t *testing.T) {
	o := newOffice(t)
	handler := newAuthenticator(t, o, nil).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := auth.PrincipalFrom(r.Context())
		require.NoError(t, err)
		require.Equal(t, "admin", p.Role())
		require.NotEmpty(t, p.Claims().ID)
		tc, err := tenant.FromContext(r.Context())
		require.NoError(t, err)
		require.True(t, tc.Can(tenant.Admin, ""))
		require.False(t, tc.Can("fly", ""))
		whoami(w, r)
	}))
	w := do(handler, request("GET", "/", "Authorization", o.bearer(t, strings.ToUpper(tenantA), userA, "admin")))
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, fmt.Sprintf("[%q,%q]", tenantA, userA), w.Body.String(), "capitals are the same tenant")
}

func TestAuthorizationHeader(t *testing.T) {
	o := newOffice(t)
	good := o.bearer(t, tenantA, userA, "user")
	raw := strings.TrimPrefix(good, "Bearer ")
	handler := newAuthenticator(t, o, nil).Handler(http.HandlerFunc(whoami))
	for name, c := range map[string]struct {
		headers []string
		status  int
		code    string
	}{
		"none":                  {nil, 401, "unauthorized"},
		"empty":                 {[]string{"Authorization", ""}, 401, "unauthorized"},
		"lower case scheme":     {[]string{"Authorization", "bearer " + raw}, 401, "unauthorized"},
		"capitals":              {[]string{"Authorization", "BEARER " + raw}, 401, "unauthorized"},
		"no scheme":             {[]string{"Authorization", raw}, 401, "unauthorized"},
		"Basic":                 {[]string{"Authorization", "Basic dXNlcjpwdw=="}, 401, "unauthorized"},
		"tab":                   {[]string{"Authorization", "Bearer\t" + raw}, 401, "unauthorized"},
		"scheme only":           {[]string{"Authorization", "Bearer "}, 400, "bad_request"},
		"two spaces":            {[]string{"Authorization", "Bearer  " + raw}, 400, "bad_request"},
		"two tokens":            {[]string{"Authorization", "Bearer " + raw + " " + raw}, 400, "bad_request"},
		"list":                  {[]string{"Authorization", good + "," + good}, 400, "bad_request"},
		"two headers":           {[]string{"Authorization", good, "Authorization", good}, 400, "bad_request"},
		"bad and good header":   {[]string{"Authorization", "Bearer x", "Authorization", good}, 400, "bad_request"},
		"garbage":               {[]string{"Authorization", "Bearer x.y.z"}, 401, "unauthorized"},
		"tampered":              {[]string{"Authorization", good[:len(good)-4] + "AAAA"}, 401, "unauthorized"},
		"other header":          {[]string{"Proxy-Authorization", good}, 401, "unauthorized"},
		"cookie":                {[]string{"Cookie", "Authorization=" + good}, 401, "unauthorized"},
		"identity headers only": {[]string{"X-Tenant-ID", tenantA, "X-User-ID", userA, "X-User-Role", "admin"}, 401, "unauthorized"},
	} {
		w := do(handler, request("GET", "/?access_token="+raw, c.headers...))
		require.Equal(t, c.status, w.Code, name)
		requireError(t, w, c.status, c.code)
		require.NotContains(t, w.Body.String(), "x.y.z")
	}

	// Identity headers beside a token change nothing.
	w := do(handler, request("GET", "/", "Authorization", good, "X-Tenant-ID", tenantB, "X-User-ID", userB, "X-User-Role", "admin"))
	require.JSONEq(t, fmt.Sprintf("[%q,%q]", tenantA, userA), w.Body.String())
}

func TestChallengesFollowRFC6750(t *testing.T) {
	o := newOffice(t)
	handler := newAuthenticator(t, o, nil).Handler(auth.RequireRole("admin")(http.HandlerFunc(whoami)))
	challenge := func(headers ...string) string {
		return do(handler, request("GET", "/", headers...)).Header().Get("WWW-Authenticate")
	}
	const realm = `Bearer realm="attachments"`
	require.Equal(t, realm, challenge())
	require.Equal(t, realm+`, error="invalid_token"`, challenge("Authorization", "Bearer x"))
	require.Equal(t, realm+`, error="invalid_request"`, challenge("Authorization", "Bearer"+" "))
	require.Equal(t, realm+`, error="insufficient_scope"`, challenge("Authorization", o.bearer(t, tenantA, userA, "user")))
	require.Empty(t, challenge("Authorization", o.bearer(t, tenantA, userA, "admin")))
}

func TestIdentitiesAreChecked(t *testing.T) {
	o := newOffice(t)
	for name, c := range map[string]struct {
		tenant, user, role string
		opts               *auth.AuthenticatorOptions
		status             int
	}{
		"good":                  {tenantA, userA, "user", nil, 200},
		"tenant no UUID":        {"acme", userA, "user", nil, 401},
		"user no UUID":          {tenantA, "bob", "user", nil, 401},
		"nil UUID":              {"00000000-0000-0000-0000-000000000000", userA, "user", nil, 401},
		"UUID in braces":        {"{" + tenantA + "}", userA, "user", nil, 401},
		"UUID as URN":           {"urn:uuid:" + tenantA, userA, "user", nil, 401},
		"UUID without hyphens":  {strings.ReplaceAll(tenantA, "-", ""), userA, "user", nil, 401},
		"unknown role":          {tenantA, userA, "root", nil, 403},
		"role in capitals":      {tenantA, userA, "ADMIN", nil, 403},
		"two roles in one":      {tenantA, userA, "user,admin", nil, 403},
		"names, if they may be": {"acme", "bob.smith", "user", &auth.AuthenticatorOptions{Rules: auth.Rules{TenantID: auth.AnyID, UserID: auth.AnyID}}, 200},
		"but no path":           {"../acme", "bob", "user", &auth.AuthenticatorOptions{Rules: auth.Rules{TenantID: auth.AnyID, UserID: auth.AnyID}}, 401},
		"host's own shape":      {tenantA, "auth0|7", "user", &auth.AuthenticatorOptions{Rules: auth.Rules{UserID: asIs}}, 200},
		"tenant must be safe":   {"a/b", userA, "user", &auth.AuthenticatorOptions{Rules: auth.Rules{TenantID: asIs}}, 401},
		"user too long":         {tenantA, strings.Repeat("u", 129), "user", &auth.AuthenticatorOptions{Rules: auth.Rules{UserID: asIs}}, 401},
		"host's own role":       {tenantA, userA, "auditor", &auth.AuthenticatorOptions{Rules: auth.Rules{Roles: auth.Roles{"auditor": {tenant.Read}}}}, 200},
		"default roles gone":    {tenantA, userA, "admin", &auth.AuthenticatorOptions{Rules: auth.Rules{Roles: auth.Roles{"auditor": {tenant.Read}}}}, 403},
	} {
		handler := newAuthenticator(t, o, c.opts).Handler(http.HandlerFunc(whoami))
		w := do(handler, request("GET", "/", "Authorization", o.bearer(t, c.tenant, c.user, c.role)))
		require.Equal(t, c.status, w.Code, name)
	}
}

func asIs(id string) (string, error) { return id, nil }

func TestRolesCannotBeChangedLater(t *testing.T) {
	o := newOffice(t)
	roles := auth.Roles{"user": {tenant.Read}}
	handler := newAuthenticator(t, o, &auth.AuthenticatorOptions{Rules: auth.Rules{Roles: roles}}).Handler(auth.RequirePermission(tenant.Admin)(http.HandlerFunc(whoami)))
	roles["user"][0] = tenant.Admin
	roles["root"] = []tenant.Action{tenant.Admin}
	requireError(t, do(handler, request("GET", "/", "Authorization", o.bearer(t, tenantA, userA, "user"))), 403, "forbidden")
	requireError(t, do(handler, request("GET", "/", "Authorization", o.bearer(t, tenantA, userA, "root"))), 403, "forbidden")
}

func TestPublicRoutes(t *testing.T) {
	o := newOffice(t)
	handler := newAuthenticator(t, o, &auth.AuthenticatorOptions{Public: []string{"GET /healthz", "GET /public/"}}).Handler(http.HandlerFunc(whoami))
	for target, status := range map[string]int{
		"GET /healthz": 200, "HEAD /healthz": 200, "GET /public/x/y": 200, "POST /healthz": 401, "GET /healthz/x": 401, "GET /private": 401,
		"GET /public/../private": 401, "GET /private/../public/x": 401, "GET //public/x": 401, "GET /public": 401, "GET /public/%2e%2e/private": 401, "GET /public/x%2Fy": 401, "GET /public/x%5cy": 401,
		"GET /public/%78/": 200, "GET /public//x": 401, "GET /public/.": 401,
	} {
		method, path, _ := strings.Cut(target, " ")
		require.Equal(t, status, do(handler, request(method, path)).Code, target)
	}
	require.Equal(t, "\"nobody\"\n", do(handler, request("GET", "/healthz")).Body.String())
	require.Contains(t, do(handler, request("GET", "/healthz", "Authorization", o.bearer(t, tenantA, userA, "user"))).Body.String(), userA)
	for _, bad := range []string{"Bearer x", "Basic x", "Bearer "} {
		require.NotEqual(t, 200, do(handler, request("GET", "/healthz", "Authorization", bad)).Code, "what is sent is checked")
	}
	for _, patterns := range [][]string{{"GET"}, {"/{"}, {"GET /a", "GET /a"}, {""}} {
		_, err := auth.NewAuthenticator(o, &auth.AuthenticatorOptions{Public: patterns})
		require.ErrorIs(t, err, auth.ErrConfig, patterns)
	}
	_, err := auth.NewAuthenticator(nil, nil)
	require.ErrorIs(t, err, auth.ErrConfig)
}

type verifierFunc func(context.Context, string) (*token.Claims, error)

func (f verifierFunc) Verify(ctx context.Context, raw string) (*token.Claims, error) {
	return f(ctx, raw)
}

func TestKeysOutOfReachIsNotTheClientsFault(t *testing.T) {
	down := verifierFunc(func(context.Context, string) (*token.Claims, error) {
		return nil, fmt.Errorf("%w: dial tcp 10.1.2.3:443: refused", token.ErrUnavailable)
	})
	w := do(newAuthenticator(t, down, nil).Handler(http.HandlerFunc(whoami)), request("GET", "/", "Authorization", "Bearer x"))
	requireError(t, w, 503, "unavailable")
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.NotContains(t, w.Body.String(), "10.1.2.3")

	odd := verifierFunc(func(context.Context, string) (*token.Claims, error) { return nil, errors.New("table tokens is locked") })
	w = do(newAuthenticator(t, odd, nil).Handler(http.HandlerFunc(whoami)), request("GET", "/", "Authorization", "Bearer x"))
	requireError(t, w, 401, "unauthorized")
	require.NotContains(t, w.Body.String(), "locked")
}

// Whatever stands in the header, it gets an answer, and never the handler.
func FuzzAuthorizationHeader(f *testing.F) {
	o := newOffice(f)
	a := newAuthenticator(f, o, nil)
	good := o.bearer(f, tenantA, userA, "user")
	for _, seed := range []string{"", "Bearer", "Bearer ", "Bearer x.y.z", "bearer a.b.c", "Basic x", "Bearer a b", good[:len(good)-2]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r := request("GET", "/")
		r.Header["Authorization"] = []string{value}
		p, err := a.Check(r)
		if value != good {
			require.Error(t, err)
			require.Nil(t, p)
		}
	})
}
