package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// An Action is something a user does to a resource.
type Action string

// The actions that this module asks about.
const (
	Read   Action = "read"
	Write  Action = "write"
	Delete Action = "delete"
	Admin  Action = "admin" // rescan, quarantine release, restore, erase
)

// Sentinels. Test with errors.Is.
var (
	ErrMissing   = errors.New("tenant: no tenant in context")
	ErrInvalidID = errors.New("tenant: invalid identifier")
	ErrForbidden = errors.New("tenant: not allowed")
	ErrQuota     = errors.New("tenant: quota exceeded")
	ErrUnknown   = errors.New("tenant: no such tenant or user")
)

// Context is the tenant and user on whose behalf a call is made.
type Context interface {
	// TenantID is never empty and satisfies ValidateID.
	TenantID() string
	// UserID names the owner of what is created.
	UserID() string
	// Can reports whether the user may do action to resource: an attachment
	// id, a storage key, a prefix of storage keys (for a list), or "" for the
	// tenant as a whole.
	Can(action Action, resource string) bool
}

type contextKey struct{}

// NewContext returns a copy of ctx that carries tc.
func NewContext(ctx context.Context, tc Context) context.Context {
	return context.WithValue(ctx, contextKey{}, tc)
}

// FromContext returns the tenant that ctx carries. It fails with ErrMissing if
// there is none and with ErrInvalidID if its TenantID could not be one, so a
// caller never sees an empty tenant.
func FromContext(ctx context.Context) (Context, error) {
	tc, _ := ctx.Value(contextKey{}).(Context)
	if tc == nil {
		return nil, ErrMissing
	}
	if err := ValidateID(tc.TenantID()); err != nil {
		return nil, err
	}
	return tc, nil
}

// MaxIDBytes bounds a tenant or user id.
const MaxIDBytes = 128

// ValidateID reports whether id may name a tenant: 1 to 128 characters of
// [A-Za-z0-9._-], the first a letter or digit. Such an id is safe as a path
// segment, in a key and in a log line. The error matches ErrInvalidID.
func ValidateID(id string) error {
	if id == "" || len(id) > MaxIDBytes {
		return fmt.Errorf("%w: %d bytes, want 1 to %d", ErrInvalidID, len(id), MaxIDBytes)
	}
	for i, c := range []byte(id) {
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alnum && (i == 0 || c != '.' && c != '_' && c != '-') {
			return fmt.Errorf("%w: character %q at %d", ErrInvalidID, c, i)
		}
	}
	return nil
}

// User is a plain Context: one user of one tenant, and what he may do to
// anything of that tenant.
type User struct {
	Tenant  string
	ID      string
	Actions []Action
}

// TenantID returns u.Tenant.
func (u User) TenantID() string { return u.Tenant }

// UserID returns u.ID.
func (u User) UserID() string { return u.ID }

// Can reports whether action is among u.Actions.
func (u User) Can(action Action, _ string) bool { return slices.Contains(u.Actions, action) }
