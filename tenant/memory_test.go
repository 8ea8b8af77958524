package tenant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant/tenanttest"
)

func TestMemoryIsAManager(t *testing.T) {
	tenanttest.RunManager(t, func(t *testing.T, tenants []tenanttest.Tenant) tenant.Manager {
		m := &tenant.Memory{}
		for _, known := range tenants {
			require.NoError(t, m.SetLimits(known.ID, known.Limits))
			require.NoError(t, m.SetUser(known.ID, known.User, "user"))
		}
		return m
	})
}

func TestMemoryZeroValueKnowsNobody(t *testing.T) {
	var m tenant.Memory
	_, err := m.Resolve(t.Context(), "acme", "ann")
	require.ErrorIs(t, err, tenant.ErrUnknown)
	require.ErrorIs(t, m.Reserve(t.Context(), "acme", tenant.Usage{}), tenant.ErrUnknown)
	require.ErrorIs(t, m.SetUser("acme", "ann", "user"), tenant.ErrUnknown)
	_, err = m.Usage("acme")
	require.ErrorIs(t, err, tenant.ErrUnknown)
}

func TestMemoryRoles(t *testing.T) {
	m := tenant.Memory{Roles: map[string][]tenant.Action{"auditor": {tenant.Read}, "janitor": {tenant.Delete}}}
	require.NoError(t, m.SetLimits("acme", tenant.Limits{}))
	require.NoError(t, m.SetUser("acme", "ann", "auditor", "janitor"))
	require.Error(t, m.SetUser("acme", "ann", "admin"), "a role that is not known changes nothing")

	ann, err := m.Resolve(t.Context(), "acme", "ann")
	require.NoError(t, err)
	for action, may := range map[tenant.Action]bool{tenant.Read: true, tenant.Delete: true, tenant.Write: false, tenant.Admin: false} {
		require.Equal(t, may, ann.Can(action, "key"), action)
	}

	require.NoError(t, m.SetUser("acme", "ann"))
	require.True(t, ann.Can(tenant.Read, ""), "what was resolved stays")
	ann, err = m.Resolve(t.Context(), "acme", "ann")
	require.NoError(t, err)
	require.False(t, ann.Can(tenant.Read, ""))
}

func TestMemoryRefusesWhatCannotBe(t *testing.T) {
	var m tenant.Memory
	require.NoError(t, m.SetLimits("acme", tenant.Limits{}))
	require.ErrorIs(t, m.SetLimits("../acme", tenant.Limits{}), tenant.ErrInvalidID)
	require.Error(t, m.SetLimits("acme", tenant.Limits{MaxBytes: -1}))
	require.ErrorIs(t, m.SetUser("acme", "", "user"), tenant.ErrInvalidID)
	require.Error(t, m.SetUsage("acme", tenant.Usage{Blobs: -1}))
}

func TestMemoryLowerLimitsOnlyStopGrowth(t *testing.T) {
	ctx := t.Context()
	var m tenant.Memory
	require.NoError(t, m.SetLimits("acme", tenant.Limits{MaxBytes: 100}))
	require.NoError(t, m.Reserve(ctx, "acme", tenant.Usage{Bytes: 100, Blobs: 1}))
	require.NoError(t, m.SetLimits("acme", tenant.Limits{MaxBytes: 50}))
	require.ErrorIs(t, m.Reserve(ctx, "acme", tenant.Usage{Bytes: 1}), tenant.ErrQuota)
	require.NoError(t, m.Reserve(ctx, "acme", tenant.Usage{Blobs: 1}))
	require.NoError(t, m.Release(ctx, "acme", tenant.Usage{Bytes: 60}))
	require.NoError(t, m.Reserve(ctx, "acme", tenant.Usage{Bytes: 10}))

	require.NoError(t, m.SetUsage("acme", tenant.Usage{Bytes: 7, Blobs: 1}))
	u, err := m.Usage("acme")
	require.NoError(t, err)
	require.Equal(t, tenant.Usage{Bytes: 7, Blobs: 1}, u)
}
