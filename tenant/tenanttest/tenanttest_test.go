package tenanttest

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// flawed is a Manager that keeps every law but the one its flaw breaks.
type flawed struct {
	flaw string

	mu   sync.Mutex
	used map[string]tenant.Usage
}

// flaws names, for each way to be wrong, the law that must notice.
var flaws = map[string]string{
	"resolves nobody":               "a known user is resolved",
	"resolves to another user":      "a known user is resolved",
	"everybody may Admin":           "a known user is resolved",
	"user of any tenant":            "whoever is not known is ErrUnknown",
	"default tenant":                "whoever is not known is ErrUnknown",
	"trims ids":                     "whoever is not known is ErrUnknown",
	"error of its own":              "whoever is not known is ErrUnknown",
	"limits of another":             "limits are told as they are",
	"limits of nobody":              "limits are told as they are",
	"one byte too many":             "a quota can be used to the last byte and blob",
	"one byte too few":              "a quota can be used to the last byte and blob",
	"blobs are not counted":         "a quota can be used to the last byte and blob",
	"refuses with an own error":     "a quota can be used to the last byte and blob",
	"takes bytes before it refuses": "a refused reservation takes nothing",
	"gives nothing back":            "release gives back",
	"gives no blobs back":           "release gives back",
	"goes below zero":               "giving back too much leaves zero",
	"zero both or none":             "giving back too much leaves zero",
	"one count for all":             "tenants are metered apart",
	"zero is a limit":               "no limit is no limit",
	"overflows":                     "numbers do not overflow",
	"accepts negatives":             "a negative usage makes no room",
	"meters anybody":                "a tenant that is not known is not metered",
	"looks, then takes":             "parallel reservations do not overshoot",
}

func TestEveryLawIsNeeded(t *testing.T) {
	noticed := map[string]bool{}
	for flaw, want := range flaws {
		var broken []string
		for _, l := range laws() {
			if l.check(t.Context(), &flawed{flaw: flaw, used: map[string]tenant.Usage{}}) != nil {
				broken = append(broken, l.name)
			}
		}
		require.Contains(t, broken, want, "a manager whose flaw is: %s", flaw)
		noticed[want] = true
	}
	for _, l := range laws() {
		require.True(t, noticed[l.name], "no flawed manager breaks the law %q", l.name)
	}
}

func TestFlawlessManagerPasses(t *testing.T) {
	RunManager(t, func(*testing.T, []Tenant) tenant.Manager { return &flawed{used: map[string]tenant.Usage{}} })
}

func (m *flawed) has(flaw string) bool { return m.flaw == flaw }

func (m *flawed) find(tenantID string) (Tenant, error) {
	for _, known := range tenants() {
		if known.ID == tenantID || m.has("trims ids") && known.ID+" " == tenantID || m.has("default tenant") && tenantID == "" {
			return known, nil
		}
	}
	if m.has("error of its own") {
		return Tenant{}, errors.New("no rows")
	}
	return Tenant{}, tenant.ErrUnknown
}

func (m *flawed) Resolve(_ context.Context, tenantID, userID string) (tenant.Context, error) {
	known, err := m.find(tenantID)
	if err == nil && (known.User != userID && !m.has("user of any tenant") || m.has("resolves nobody")) {
		err = tenant.ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	u := tenant.User{Tenant: known.ID, ID: known.User, Actions: []tenant.Action{tenant.Read}}
	if m.has("resolves to another user") {
		u.ID = "root"
	}
	if m.has("everybody may Admin") {
		u.Actions = append(u.Actions, tenant.Admin)
	}
	return u, nil
}

func (m *flawed) Limits(_ context.Context, tenantID string) (tenant.Limits, error) {
	known, err := m.find(tenantID)
	switch {
	case m.has("limits of another"):
		return tenants()[0].Limits, err
	case m.has("limits of nobody"):
		return known.Limits, nil
	}
	return known.Limits, err
}

func (m *flawed) Reserve(_ context.Context, tenantID string, u tenant.Usage) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, err := m.find(tenantID)
	if err != nil && !m.has("meters anybody") {
		return err
	}
	if (u.Bytes < 0 || u.Blobs < 0) && !m.has("accepts negatives") {
		return errors.New("negative")
	}
	account := m.account(tenantID)
	used := m.used[account]
	limits := known.Limits
	switch m.flaw {
	case "one byte too many":
		limits.MaxBytes++
	case "one byte too few":
		limits.MaxBytes--
	case "blobs are not counted":
		limits.MaxBlobs = 0
	}
	if !m.room(used.Bytes, u.Bytes, limits.MaxBytes) || !m.room(used.Blobs, u.Blobs, limits.MaxBlobs) {
		if m.has("takes bytes before it refuses") {
			used.Bytes += u.Bytes
			m.used[account] = used
		}
		if m.has("refuses with an own error") {
			return errors.New("full")
		}
		return tenant.ErrQuota
	}
	if m.has("looks, then takes") {
		m.mu.Unlock()
		runtime.Gosched()
		m.mu.Lock()
		used = m.used[account]
	}
	m.used[account] = tenant.Usage{Bytes: used.Bytes + u.Bytes, Blobs: used.Blobs + u.Blobs}
	return nil
}

func (m *flawed) room(used, more, limit int64) bool {
	switch {
	case m.has("overflows"):
		return limit == 0 || used+more <= limit
	case limit == 0 && !m.has("zero is a limit"):
		limit = math.MaxInt64
	}
	return more <= limit-used
}

func (m *flawed) Release(_ context.Context, tenantID string, u tenant.Usage) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.find(tenantID); err != nil && !m.has("meters anybody") {
		return err
	}
	if (u.Bytes < 0 || u.Blobs < 0) && !m.has("accepts negatives") {
		return errors.New("negative")
	}
	account := m.account(tenantID)
	used := m.used[account]
	left := tenant.Usage{Bytes: max(used.Bytes-u.Bytes, 0), Blobs: max(used.Blobs-u.Blobs, 0)}
	switch m.flaw {
	case "gives nothing back":
		left = used
	case "gives no blobs back":
		left.Blobs = used.Blobs
	case "goes below zero":
		left = tenant.Usage{Bytes: used.Bytes - u.Bytes, Blobs: used.Blobs - u.Blobs}
	case "zero both or none":
		if used.Bytes < u.Bytes || used.Blobs < u.Blobs {
			left = tenant.Usage{}
		}
	}
	m.used[account] = left
	return nil
}

func (m *flawed) account(tenantID string) string {
	if m.has("one count for all") {
		return ""
	}
	return tenantID
}
