package auth

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Roles are the roles a host knows and the actions each permits. Actions of the
// host's own stand beside those of package tenant. There is no hierarchy: what
// an admin may do is written down too.
type Roles map[string][]tenant.Action

// DefaultRoles are "user", who reads, writes and deletes, and "admin", who also
// administers.
func DefaultRoles() Roles {
	return Roles{
		"user":  {tenant.Read, tenant.Write, tenant.Delete},
		"admin": {tenant.Read, tenant.Write, tenant.Delete, tenant.Admin},
	}
}

// clone protects the rules from whoever changes the map later.
func (r Roles) clone() Roles {
	c := maps.Clone(r)
	for role, actions := range c {
		c[role] = slices.Clone(actions)
	}
	return c
}

// CheckRole returns nil if the caller has one of the roles, ErrNoCredentials if
// there is no caller, tenant.ErrForbidden otherwise.
func CheckRole(ctx context.Context, roles ...string) error {
	p, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(roles, p.Role()) {
		return fmt.Errorf("%w: role %q", tenant.ErrForbidden, p.Role())
	}
	return nil
}

// CheckPermission returns nil if the caller may do action to resource (""
// stands for the tenant as a whole), tenant.ErrMissing if there is no caller,
// tenant.ErrForbidden otherwise.
func CheckPermission(ctx context.Context, action tenant.Action, resource string) error {
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return err
	}
	if !tc.Can(action, resource) {
		return fmt.Errorf("%w: %s", tenant.ErrForbidden, action)
	}
	return nil
}

// RequireRole lets only callers with one of the roles through. Without roles it
// lets nobody.
func RequireRole(roles ...string) func(http.Handler) http.Handler {
	return guard(func(ctx context.Context) error { return CheckRole(ctx, roles...) })
}

// RequirePermission lets only callers through whose role permits action.
func RequirePermission(action tenant.Action) func(http.Handler) http.Handler {
	return guard(func(ctx context.Context) error { return CheckPermission(ctx, action, "") })
}

func guard(check func(context.Context) error) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := check(r.Context()); err != nil {
				refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// CanAccess is the rule for rows. A row of another tenant is out of reach for
// everybody, admins included; inside the tenant an admin reaches every row, and
// a user his own. An admin is who may do tenant.Admin. Without a caller the
// answer is no.
func CanAccess(ctx context.Context, tenantID, ownerID string) bool {
	tc, err := tenant.FromContext(ctx)
	if err != nil || tenantID != tc.TenantID() {
		return false
	}
	return tc.Can(tenant.Admin, "") || ownerID != "" && ownerID == tc.UserID()
}
