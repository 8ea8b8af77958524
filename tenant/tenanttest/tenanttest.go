// Package tenanttest proves that a [tenant.Manager] keeps the promises of its
// port:
//
//	func TestManager(t *testing.T) {
//		tenanttest.RunManager(t, func(t *testing.T, tenants []tenanttest.Tenant) tenant.Manager {
//			return seeded(t, tenants) // yours
//		})
//	}
//
// The suite itself is tested against managers that break one law each.
package tenanttest

import (
	"context"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Tenant is one that the Manager under test must know: with one user, who may
// Read and not Admin. Both ids are UUIDs.
type Tenant struct {
	ID     string
	User   string
	Limits tenant.Limits
}

// RunManager checks every law of the port. open returns a Manager that knows
// exactly these tenants and has counted nothing; it is called once for each
// law, and may register cleanups.
func RunManager(t *testing.T, open func(t *testing.T, tenants []Tenant) tenant.Manager) {
	for _, l := range laws() {
		t.Run(l.name, func(t *testing.T) {
			if err := l.check(t.Context(), open(t, tenants())); err != nil {
				t.Error(err)
			}
		})
	}
}

// A law is one promise of the port. check returns how m breaks it.
type law struct {
	name  string
	check func(ctx context.Context, m tenant.Manager) error
}

func laws() []law {
	return []law{
		// laws_resolve.go
		{"a known user is resolved", knownUser},
		{"whoever is not known is ErrUnknown", unknownUser},
		{"limits are told as they are", limitsTold},

		// laws_quota.go
		{"a quota can be used to the last byte and blob", lastByteAndBlob},
		{"a refused reservation takes nothing", refusedTakesNothing},
		{"release gives back", releaseGivesBack},
		{"giving back too much leaves zero", releaseTooMuch},
		{"tenants are metered apart", meteredApart},
		{"no limit is no limit", noLimit},
		{"numbers do not overflow", overflow},
		{"a negative usage makes no room", negative},
		{"a tenant that is not known is not metered", unknownTenant},
		{"parallel reservations do not overshoot", parallel},
	}
}

const (
	maxBytes = 1000
	maxBlobs = 10
)

// The tenants: two with limits, one without, and one nobody knows.
const (
	first     = "11111111-1111-4111-8111-111111111111"
	second    = "22222222-2222-4222-8222-222222222222"
	unlimited = "33333333-3333-4333-8333-333333333333"
	nobody    = "99999999-9999-4999-8999-999999999999"

	userOfFirst     = "aaaaaaaa-1111-4111-8111-111111111111"
	userOfSecond    = "bbbbbbbb-2222-4222-8222-222222222222"
	userOfUnlimited = "cccccccc-3333-4333-8333-333333333333"
)

func tenants() []Tenant {
	limits := tenant.Limits{MaxBytes: maxBytes, MaxBlobs: maxBlobs, MaxBlobSize: 500}
	return []Tenant{
		{first, userOfFirst, limits},
		{second, userOfSecond, limits},
		{ID: unlimited, User: userOfUnlimited},
	}
}
