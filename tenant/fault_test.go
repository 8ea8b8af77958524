package tenant_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// TestUnknownOutcomeStaysChargedUntilDelete: the store's answer is lost,
// before or after it did what it was asked.
func TestUnknownOutcomeStaysChargedUntilDelete(t *testing.T) {
	for _, after := range []bool{false, true} {
		ctx := as(t.Context(), "acme")
		inner := blobtest.NewFaulty(memblob.New(nil))
		s, m := limited(t, inner, tenant.Limits{})
		require.NoError(t, upload(ctx, s, "other", 7, 7, true))
		require.NoError(t, upload(ctx, s, "source", 50, 50, true))
		before := usage(t, m)

		for _, announced := range []bool{true, false} {
			inner.Inject(blobtest.Fault{Op: "commit", After: after, Temporary: true})
			err := upload(ctx, s, "k", 100, 100, announced)
			require.ErrorIs(t, err, blobtest.ErrInjected)
			require.True(t, blob.Retryable(err))
			require.GreaterOrEqual(t, usage(t, m).Bytes, before.Bytes+100, "it may be there")
			inner.Heal()
			require.NoError(t, s.Delete(ctx, "k"))
			require.Equal(t, before, usage(t, m))
		}

		inner.Inject(blobtest.Fault{Op: "commit", After: after, Nth: 1, Temporary: true})
		require.Error(t, upload(ctx, s, "k", 100, 100, false))
		err := upload(ctx, s, "k", 100, 100, false)
		require.Equal(t, after, errors.Is(err, blob.ErrExists), "the second attempt finds the first")
		inner.Heal()
		require.NoError(t, s.Delete(ctx, "k"))
		require.Equal(t, before, usage(t, m), "both attempts are settled")

		inner.Inject(blobtest.Fault{Op: "copy", After: after})
		_, err = s.Copy(ctx, "k", "source")
		require.ErrorIs(t, err, blobtest.ErrInjected)
		inner.Heal()
		require.NoError(t, s.Delete(ctx, "k"))
		require.Equal(t, before, usage(t, m))

		inner.Inject(blobtest.Fault{Op: "delete", After: after})
		require.ErrorIs(t, s.Delete(ctx, "source"), blobtest.ErrInjected)
		require.ErrorIs(t, s.Delete(ctx, "source"), blobtest.ErrInjected)
		inner.Heal()
		require.NoError(t, s.Delete(ctx, "source"))
		require.NoError(t, s.Delete(ctx, "source"))
		require.Equal(t, tenant.Usage{Bytes: 7, Blobs: 1}, usage(t, m))
		settled(t, s, m, "acme")
	}
}

func TestFailuresThatStoreNothingReleaseAtOnce(t *testing.T) {
	ctx := as(t.Context(), "acme")
	inner := blobtest.NewFaulty(memblob.New(nil))
	s, m := limited(t, inner, tenant.Limits{})
	for _, fault := range []blobtest.Fault{{Op: "create"}, {Op: "write"}, {Op: "write", Nth: 3, Short: 4}} {
		inner.Inject(fault)
		require.ErrorIs(t, upload(ctx, s, "k", 100, 10, false), blobtest.ErrInjected)
		require.Zero(t, usage(t, m), "%+v", fault)
		inner.Heal()
	}
	require.NoError(t, upload(ctx, s, "k", 100, 10, false))
	inner.Inject(blobtest.Fault{Op: "stat"})
	require.ErrorIs(t, s.Delete(ctx, "k"), blobtest.ErrInjected)
	_, err := s.Copy(ctx, "l", "k")
	require.ErrorIs(t, err, blobtest.ErrInjected)
	settled(t, s, m, "acme")
}

// TestDamagedBlobCanBeDeleted: whose size nobody can tell.
func TestDamagedBlobCanBeDeleted(t *testing.T) {
	ctx := as(t.Context(), "acme")
	inner := blobtest.NewFaulty(memblob.New(nil))
	s, m := limited(t, inner, tenant.Limits{})
	require.NoError(t, upload(ctx, s, "k", 100, 10, false))
	inner.Inject(blobtest.Fault{Op: "stat", Err: blob.ErrCorrupt})
	require.NoError(t, s.Delete(ctx, "k"))
	require.Zero(t, usage(t, m).Blobs)
	require.ErrorIs(t, calls["open"].call(ctx, s, "k"), blob.ErrNotFound)
}

// unreachable is a Manager that cannot be asked now and then.
type unreachable struct {
	tenant.Memory
	reserve, release atomic.Bool
}

var errDown = errors.New("connection refused")

func (u *unreachable) Reserve(ctx context.Context, tenantID string, n tenant.Usage) error {
	if u.reserve.Load() {
		return errDown
	}
	return u.Memory.Reserve(ctx, tenantID, n)
}

func (u *unreachable) Release(ctx context.Context, tenantID string, n tenant.Usage) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.release.Load() {
		return errDown
	}
	return u.Memory.Release(ctx, tenantID, n)
}

func TestManagerOutOfReach(t *testing.T) {
	ctx := as(t.Context(), "acme")
	m := &unreachable{}
	require.NoError(t, m.SetLimits("acme", tenant.Limits{}))
	s := tenant.NewStore(memblob.New(nil), &tenant.StoreOptions{Manager: m})

	m.reserve.Store(true)
	err := upload(ctx, s, "k", 10, 10, true)
	require.ErrorIs(t, err, errDown)
	require.True(t, blob.Retryable(err), "it may be back soon")
	require.NotErrorIs(t, err, tenant.ErrQuota)

	w, err := func() (blob.Writer, error) { m.reserve.Store(false); return s.Create(ctx, "k", nil) }()
	require.NoError(t, err)
	m.reserve.Store(true)
	_, err = w.Write([]byte("x"))
	require.ErrorIs(t, err, errDown, "what cannot be metered is not accepted")
	m.reserve.Store(false)
	require.NoError(t, w.Abort())
	require.Zero(t, usage(t, &m.Memory))

	// A release that fails is made good by the next Delete of the key.
	m.release.Store(true)
	require.NoError(t, upload(ctx, s, "stored", 100, 10, false), "the blob is there")
	require.Greater(t, usage(t, &m.Memory).Bytes, int64(100), "what was reserved ahead could not be given back")
	w, err = s.Create(ctx, "aborted", &blob.WriteOptions{Size: 5})
	require.NoError(t, err)
	err = w.Abort()
	require.ErrorIs(t, err, errDown)
	require.True(t, blob.Retryable(err))
	require.ErrorIs(t, s.Delete(ctx, "stored"), errDown)
	require.ErrorIs(t, calls["open"].call(ctx, s, "stored"), blob.ErrNotFound)

	m.release.Store(false)
	require.NoError(t, s.Delete(ctx, "stored"))
	require.NoError(t, s.Delete(ctx, "aborted"))
	require.Zero(t, usage(t, &m.Memory))
}
