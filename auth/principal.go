package auth

import (
	"context"
	"fmt"
	"slices"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// A Principal is a verified caller. It is the tenant.Context of his requests,
// and immutable.
type Principal struct {
	claims  token.Claims
	actions []tenant.Action
}

// Rules say which callers there may be.
type Rules struct {
	// Roles are the roles there are, and what each may do. Defaults to
	// DefaultRoles().
	Roles Roles

	// TenantID and UserID check the two ids. What TenantID returns must also
	// pass tenant.ValidateID. Default to UUID.
	TenantID, UserID IDParser
}

// NewPrincipal makes a Principal of claims that somebody has verified: for a
// host that authenticates in its own way, and for tests. nil rules are the
// defaults. It fails with ErrIdentity or ErrRole.
func NewPrincipal(claims token.Claims, rules *Rules) (*Principal, error) {
	r := rules.withDefaults()
	var err error
	if claims.TenantID, err = r.TenantID(claims.TenantID); err != nil {
		return nil, fmt.Errorf("%w: tenant: %w", ErrIdentity, err)
	}
	if err := tenant.ValidateID(claims.TenantID); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	if claims.UserID, err = r.UserID(claims.UserID); err != nil {
		return nil, fmt.Errorf("%w: user: %w", ErrIdentity, err)
	}
	if claims.UserID == "" || len(claims.UserID) > tenant.MaxIDBytes {
		return nil, fmt.Errorf("%w: user id of %d bytes", ErrIdentity, len(claims.UserID))
	}
	actions, known := r.Roles[claims.Role]
	if !known {
		return nil, fmt.Errorf("%w: %.40q", ErrRole, claims.Role)
	}
	return &Principal{claims: claims, actions: actions}, nil
}

func (r *Rules) withDefaults() Rules {
	var rules Rules
	if r != nil {
		rules = *r
	}
	if rules.Roles == nil {
		rules.Roles = DefaultRoles()
	}
	if rules.TenantID == nil {
		rules.TenantID = UUID
	}
	if rules.UserID == nil {
		rules.UserID = UUID
	}
	return rules
}

// TenantID implements tenant.Context.
func (p *Principal) TenantID() string { return p.claims.TenantID }

// UserID implements tenant.Context.
func (p *Principal) UserID() string { return p.claims.UserID }

// Role returns the role, one of the host's.
func (p *Principal) Role() string { return p.claims.Role }

// Claims returns what the token said, the ids in their canonical spelling.
func (p *Principal) Claims() token.Claims { return p.claims }

// Can implements tenant.Context: whether the role permits action. It says
// nothing of a particular row; that is CanAccess.
func (p *Principal) Can(action tenant.Action, _ string) bool {
	return slices.Contains(p.actions, action)
}

type principalKey struct{}

// NewContext returns a copy of ctx that carries p, also as its tenant.Context.
func NewContext(ctx context.Context, p *Principal) context.Context {
	return tenant.NewContext(context.WithValue(ctx, principalKey{}, p), p)
}

// PrincipalFrom returns the caller of a request, or ErrNoCredentials.
func PrincipalFrom(ctx context.Context) (*Principal, error) {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	if p == nil {
		return nil, ErrNoCredentials
	}
	return p, nil
}
