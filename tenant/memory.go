package tenant

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
)

// Memory is a Manager that keeps everything in memory: for tests, demos, and
// hosts whose tenants are in a configuration file. Its zero value knows no
// tenant and answers ErrUnknown.
type Memory struct {
	// Roles says what the roles of users allow. Set it before the first use.
	// Defaults to DefaultRoles.
	Roles map[string][]Action

	mu      sync.Mutex
	tenants map[string]*memoryTenant
}

type memoryTenant struct {
	limits Limits
	used   Usage
	users  map[string][]Action
}

var _ interface {
	Manager
	Limiter
} = (*Memory)(nil)

// DefaultRoles returns two roles: "user" may read, write and delete, "admin"
// may do anything.
func DefaultRoles() map[string][]Action {
	return map[string][]Action{
		"user":  {Read, Write, Delete},
		"admin": {Read, Write, Delete, Admin},
	}
}

// SetLimits adds a tenant, or changes what it may store. Limits below what it
// has stored already only stop it from storing more.
func (m *Memory) SetLimits(tenantID string, l Limits) error {
	if err := ValidateID(tenantID); err != nil {
		return err
	}
	if l.MaxBytes < 0 || l.MaxBlobs < 0 || l.MaxBlobSize < 0 {
		return fmt.Errorf("tenant: negative limits %+v", l)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tenants == nil {
		m.tenants = map[string]*memoryTenant{}
	}
	t := m.tenants[tenantID]
	if t == nil {
		t = &memoryTenant{users: map[string][]Action{}}
		m.tenants[tenantID] = t
	}
	t.limits = l
	return nil
}

// SetUser gives a user of a tenant these roles and no others. The tenant must
// be known. Contexts resolved before stay as they are.
func (m *Memory) SetUser(tenantID, userID string, roles ...string) error {
	if userID == "" || len(userID) > MaxIDBytes {
		return fmt.Errorf("%w: user of %d bytes, want 1 to %d", ErrInvalidID, len(userID), MaxIDBytes)
	}
	known := m.Roles
	if known == nil {
		known = DefaultRoles()
	}
	var actions []Action
	for _, role := range roles {
		allowed, ok := known[role]
		if !ok {
			return fmt.Errorf("tenant: no role %q", role)
		}
		actions = append(actions, allowed...)
	}
	return m.with(tenantID, func(t *memoryTenant) error {
		t.users[userID] = actions
		return nil
	})
}

// Resolve implements [Manager]. The Context is a [User].
func (m *Memory) Resolve(_ context.Context, tenantID, userID string) (tc Context, err error) {
	err = m.with(tenantID, func(t *memoryTenant) error {
		actions, ok := t.users[userID]
		if !ok {
			return ErrUnknown
		}
		tc = User{Tenant: tenantID, ID: userID, Actions: slices.Clone(actions)}
		return nil
	})
	return tc, err
}

// Reserve implements [Manager].
func (m *Memory) Reserve(_ context.Context, tenantID string, u Usage) error {
	if u.Bytes < 0 || u.Blobs < 0 {
		return errNegative
	}
	return m.with(tenantID, func(t *memoryTenant) error {
		if !room(t.used.Bytes, u.Bytes, t.limits.MaxBytes) {
			return fmt.Errorf("%w: %d bytes more than the %d of %d used", ErrQuota, u.Bytes, t.used.Bytes, t.limits.MaxBytes)
		}
		if !room(t.used.Blobs, u.Blobs, t.limits.MaxBlobs) {
			return fmt.Errorf("%w: %d of %d blobs", ErrQuota, t.used.Blobs, t.limits.MaxBlobs)
		}
		t.used.Bytes += u.Bytes
		t.used.Blobs += u.Blobs
		return nil
	})
}

// Release implements [Manager].
func (m *Memory) Release(_ context.Context, tenantID string, u Usage) error {
	if u.Bytes < 0 || u.Blobs < 0 {
		return errNegative
	}
	return m.with(tenantID, func(t *memoryTenant) error {
		t.used.Bytes = max(t.used.Bytes-u.Bytes, 0)
		t.used.Blobs = max(t.used.Blobs-u.Blobs, 0)
		return nil
	})
}

// Limits implements [Limiter].
func (m *Memory) Limits(_ context.Context, tenantID string) (l Limits, err error) {
	err = m.with(tenantID, func(t *memoryTenant) error {
		l = t.limits
		return nil
	})
	return l, err
}

// Usage returns what the tenant has reserved and not released.
func (m *Memory) Usage(tenantID string) (u Usage, err error) {
	err = m.with(tenantID, func(t *memoryTenant) error {
		u = t.used
		return nil
	})
	return u, err
}

// QuotaUse returns what every tenant has stored and may store, for
// [ObserveQuotas].
func (m *Memory) QuotaUse(context.Context) ([]QuotaUse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	uses := make([]QuotaUse, 0, len(m.tenants))
	for id, t := range m.tenants {
		uses = append(uses, QuotaUse{id, t.used, t.limits})
	}
	return uses, nil
}

// SetUsage corrects the count, such as after a start with blobs already stored
// (see [Store.Measure]).
func (m *Memory) SetUsage(tenantID string, u Usage) error {
	if u.Bytes < 0 || u.Blobs < 0 {
		return errNegative
	}
	return m.with(tenantID, func(t *memoryTenant) error {
		t.used = u
		return nil
	})
}

var errNegative = errors.New("tenant: negative usage")

// with calls do on a tenant, in one atomic step.
func (m *Memory) with(tenantID string, do func(*memoryTenant) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tenants[tenantID]
	if t == nil {
		return ErrUnknown
	}
	return do(t)
}

// room reports whether more fits beside used. It does not overflow.
func room(used, more, limit int64) bool {
	if limit == 0 {
		limit = math.MaxInt64
	}
	return more <= limit-min(used, limit)
}
