package tenant_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// slowManager takes a second to take anything back.
type slowManager struct{ tenant.Memory }

func (m *slowManager) Release(ctx context.Context, tenantID string, u tenant.Usage) error {
	time.Sleep(time.Second)
	return m.Memory.Release(ctx, tenantID, u)
}

// TestCallsOnOneKeyTakeTurns stretches each call so that others surely come in
// between, if they can.
func TestCallsOnOneKeyTakeTurns(t *testing.T) {
	for name, c := range map[string]struct {
		fault         blobtest.Fault
		first, second func(ctx context.Context, s *tenant.Store)
	}{
		"two deletes": {
			blobtest.Fault{Op: "delete", Delay: time.Minute},
			func(ctx context.Context, s *tenant.Store) { _ = s.Delete(ctx, "k") },
			func(ctx context.Context, s *tenant.Store) { _ = s.Delete(ctx, "k") },
		},
		"a commit that is still settling, and a delete": {
			blobtest.Fault{Op: "delete", Delay: 100 * time.Millisecond},
			func(ctx context.Context, s *tenant.Store) { _ = upload(ctx, s, "new", 30, 30, false) },
			func(ctx context.Context, s *tenant.Store) { _ = s.Delete(ctx, "new") },
		},
		"a copy, and another source": {
			blobtest.Fault{Op: "copy", Delay: time.Minute},
			func(ctx context.Context, s *tenant.Store) { _, _ = s.Copy(ctx, "copied", "k") },
			func(ctx context.Context, s *tenant.Store) {
				_ = s.Delete(ctx, "k")
				_ = upload(ctx, s, "k", 5000, 5000, true)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &slowManager{}
				require.NoError(t, m.SetLimits("acme", tenant.Limits{}))
				s := tenant.NewStore(blobtest.NewFaulty(memblob.New(nil), c.fault), &tenant.StoreOptions{Manager: m})
				ctx := as(t.Context(), "acme")
				require.NoError(t, upload(ctx, s, "stays", 10_000, 10_000, true))
				require.NoError(t, upload(ctx, s, "k", 100, 100, true))
				var group sync.WaitGroup
				group.Go(func() { c.first(ctx, s) })
				time.Sleep(10 * time.Millisecond)
				group.Go(func() { c.second(ctx, s) })
				group.Wait()
				settled(t, s, &m.Memory, "acme")
				for _, key := range []string{"k", "new", "copied"} {
					require.NoError(t, s.Delete(ctx, key))
				}
				require.Equal(t, tenant.Usage{Bytes: 10_000, Blobs: 1}, usage(t, &m.Memory))
			})
		})
	}
}

// hasty is a store whose caller hangs up as soon as a blob is gone.
type hasty struct {
	blob.Store
	hangUp context.CancelFunc
}

func (s hasty) Delete(ctx context.Context, key string) error {
	defer s.hangUp()
	return s.Store.Delete(ctx, key)
}

func TestSpaceIsReleasedForACallerWhoHasGone(t *testing.T) {
	ctx, cancel := context.WithCancel(as(t.Context(), "acme"))
	m := &unreachable{} // which also minds its context
	require.NoError(t, m.SetLimits("acme", tenant.Limits{}))
	var audited []context.Context
	s := tenant.NewStore(hasty{memblob.New(nil), cancel}, &tenant.StoreOptions{
		Manager: m,
		Audit:   func(ctx context.Context, _ tenant.Event) { audited = append(audited, ctx) },
	})
	w, err := s.Create(ctx, "aborted", &blob.WriteOptions{Size: 10})
	require.NoError(t, err)
	require.NoError(t, upload(ctx, s, "k", 100, 100, true))
	require.NoError(t, s.Delete(ctx, "k"))
	require.Error(t, ctx.Err())
	require.NoError(t, w.Abort())
	require.Zero(t, usage(t, &m.Memory))
	require.NoError(t, audited[len(audited)-1].Err(), "an abort is audited in a context that lives")
}
