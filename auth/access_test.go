package auth_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func as(tb require.TestingT, tenantID, userID, role string) context.Context {
	p, err := auth.NewPrincipal(token.Claims{TenantID: tenantID, UserID: userID, Role: role}, nil)
	require.NoError(tb, err)
	return auth.NewContext(context.Background(), p)
}

func TestCanAccess(t *testing.T) {
	for name, c := range map[string]struct {
		ctx           context.Context
		tenant, owner string
		want          bool
	}{
		"user, own row":             {as(t, tenantA, userA, "user"), tenantA, userA, true},
		"user, another's row":       {as(t, tenantA, userA, "user"), tenantA, userB, false},
		"user, row of nobody":       {as(t, tenantA, userA, "user"), tenantA, "", false},
		"user, own id elsewhere":    {as(t, tenantA, userA, "user"), tenantB, userA, false},
		"admin, another's row":      {as(t, tenantA, userA, "admin"), tenantA, userB, true},
		"admin, row of nobody":      {as(t, tenantA, userA, "admin"), tenantA, "", true},
		"admin, other tenant":       {as(t, tenantA, userA, "admin"), tenantB, userB, false},
		"admin, own id elsewhere":   {as(t, tenantA, userA, "admin"), tenantB, userA, false},
		"admin, row without tenant": {as(t, tenantA, userA, "admin"), "", userA, false},
		"nobody":                    {context.Background(), tenantA, userA, false},
		"nobody, nothing":           {context.Background(), "", "", false},
		"host's own tenant.Context": {tenant.NewContext(context.Background(), tenant.User{Tenant: "t", ID: "u"}), "t", "u", true},
		"nobody in particular":      {tenant.NewContext(context.Background(), tenant.User{Tenant: "t"}), "t", "", false},
		"invalid tenant.Context":    {tenant.NewContext(context.Background(), tenant.User{ID: "u"}), "", "u", false},
	} {
		require.Equal(t, c.want, auth.CanAccess(c.ctx, c.tenant, c.owner), name)
	}
}

// No combination of caller and row crosses tenants, and inside one the owner
// and the admin, nobody else, get through.
func TestCanAccessProperty(t *testing.T) {
	ids := []string{tenantA, tenantB, userA, userB}
	rapid.Check(t, func(t *rapid.T) {
		pick := rapid.SampledFrom(ids)
		callerTenant, caller, rowTenant, owner := pick.Draw(t, "callerTenant"), pick.Draw(t, "caller"), pick.Draw(t, "rowTenant"), pick.Draw(t, "owner")
		role := rapid.SampledFrom([]string{"user", "admin"}).Draw(t, "role")
		got := auth.CanAccess(as(t, callerTenant, caller, role), rowTenant, owner)
		if callerTenant != rowTenant && got {
			t.Fatal("another tenant's row")
		}
		if callerTenant == rowTenant && got != (role == "admin" || caller == owner) {
			t.Fatal("wrong inside the tenant")
		}
	})
}

func TestRequireRoleAndPermission(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	status := func(h http.Handler, ctx context.Context) int {
		return do(h, request("POST", "/").WithContext(ctx)).Code
	}
	user, admin := as(t, tenantA, userA, "user"), as(t, tenantA, userA, "admin")
	for _, c := range []struct {
		handler http.Handler
		ctx     context.Context
		want    int
	}{
		{auth.RequireRole("admin")(ok), admin, 204}, {auth.RequireRole("admin")(ok), user, 403}, {auth.RequireRole("user", "admin")(ok), user, 204},
		{auth.RequireRole()(ok), admin, 403}, {auth.RequireRole("")(ok), admin, 403}, {auth.RequireRole("admin")(ok), t.Context(), 401},
		{auth.RequirePermission(tenant.Write)(ok), user, 204}, {auth.RequirePermission(tenant.Admin)(ok), user, 403},
		{auth.RequirePermission(tenant.Admin)(ok), admin, 204}, {auth.RequirePermission("")(ok), admin, 403}, {auth.RequirePermission(tenant.Read)(ok), t.Context(), 401},
	} {
		require.Equal(t, c.want, status(c.handler, c.ctx))
	}
	require.ErrorIs(t, auth.CheckPermission(user, tenant.Admin, "x"), tenant.ErrForbidden)
	require.ErrorIs(t, auth.CheckPermission(t.Context(), tenant.Read, ""), tenant.ErrMissing)
	require.ErrorIs(t, auth.CheckRole(t.Context(), "user"), auth.ErrNoCredentials)
}
