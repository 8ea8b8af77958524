package tenant_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// limited returns a store over inner in which "acme" has these limits.
func limited(t testing.TB, inner blob.Store, l tenant.Limits) (*tenant.Store, *tenant.Memory) {
	t.Helper()
	m := &tenant.Memory{}
	require.NoError(t, m.SetLimits("acme", l))
	return tenant.NewStore(inner, &tenant.StoreOptions{Manager: m}), m
}

func usage(t testing.TB, m *tenant.Memory) tenant.Usage {
	t.Helper()
	u, err := m.Usage("acme")
	require.NoError(t, err)
	return u
}

// upload writes n bytes in chunks. announced says so beforehand.
func upload(ctx context.Context, s blob.Store, key string, n, chunk int, announced bool) error {
	var opts blob.WriteOptions
	if announced {
		opts.Size = int64(n)
	}
	w, err := s.Create(ctx, key, &opts)
	if err != nil {
		return err
	}
	defer w.Abort()
	for data := make([]byte, n); len(data) > 0; {
		c := min(chunk, len(data))
		if _, err := w.Write(data[:c]); err != nil {
			return err
		}
		data = data[c:]
	}
	_, err = w.Commit(ctx)
	return err
}

func TestQuotaIsExact(t *testing.T) {
	for _, announced := range []bool{true, false} {
		for _, chunk := range []int{1, 7, 100, 1 << 20} {
			t.Run(fmt.Sprintf("announced %v, chunks of %d", announced, chunk), func(t *testing.T) {
				ctx := as(t.Context(), "acme")
				s, m := limited(t, memblob.New(nil), tenant.Limits{MaxBytes: 100, MaxBlobs: 3, MaxBlobSize: 90})
				up := func(key string, n int) error { return upload(ctx, s, key, n, chunk, announced) }

				require.NoError(t, up("a", 60))
				require.Equal(t, tenant.Usage{Bytes: 60, Blobs: 1}, usage(t, m))
				require.ErrorIs(t, up("b", 41), tenant.ErrQuota)
				require.NoError(t, up("b", 40), "the last byte counts too")
				require.ErrorIs(t, up("c", 1), tenant.ErrQuota)
				require.NoError(t, up("c", 0))
				require.ErrorIs(t, up("d", 0), tenant.ErrQuota, "blobs are counted")
				require.Equal(t, tenant.Usage{Bytes: 100, Blobs: 3}, usage(t, m))

				require.NoError(t, s.Delete(ctx, "a"))
				require.NoError(t, s.Delete(ctx, "b"))
				require.NoError(t, s.Delete(ctx, "b"))
				require.NoError(t, s.Delete(ctx, "never"))
				require.Equal(t, tenant.Usage{Blobs: 1}, usage(t, m))

				err := up("e", 91)
				require.ErrorIs(t, err, tenant.ErrQuota, "one blob may be too large")
				require.ErrorIs(t, err, blob.ErrTooLarge)
				require.False(t, blob.Retryable(err))
				require.NoError(t, up("e", 90))
				settled(t, s, m, "acme")
			})
		}
	}
}

func TestQuotaOfACopy(t *testing.T) {
	ctx := as(t.Context(), "acme")
	s, m := limited(t, memblob.New(nil), tenant.Limits{MaxBytes: 100, MaxBlobs: 3})
	require.NoError(t, upload(ctx, s, "a", 40, 40, true))
	_, err := s.Copy(ctx, "b", "a")
	require.NoError(t, err)
	_, err = s.Copy(ctx, "c", "a")
	require.ErrorIs(t, err, tenant.ErrQuota)
	_, err = s.Copy(ctx, "b", "a")
	require.ErrorIs(t, err, tenant.ErrQuota, "refused before anything is tried")
	require.NoError(t, m.SetLimits("acme", tenant.Limits{}))
	_, err = s.Copy(ctx, "b", "a")
	require.ErrorIs(t, err, blob.ErrExists)
	_, err = s.Copy(ctx, "c", "absent")
	require.ErrorIs(t, err, blob.ErrNotFound)
	require.Equal(t, tenant.Usage{Bytes: 80, Blobs: 2}, usage(t, m))
	settled(t, s, m, "acme")
}

func TestQuotaIsReleasedByWhateverStoresNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(as(t.Context(), "acme"))
	s, m := limited(t, memblob.New(nil), tenant.Limits{})
	create := func(ctx context.Context, key string, opts *blob.WriteOptions) blob.Writer {
		w, err := s.Create(ctx, key, opts)
		require.NoError(t, err)
		_, err = w.Write(make([]byte, 100))
		require.NoError(t, err)
		return w
	}
	nothing := func(after string) {
		t.Helper()
		require.Zero(t, usage(t, m), "after %s", after)
	}

	w := create(ctx, "k", nil)
	require.GreaterOrEqual(t, usage(t, m).Bytes, int64(100), "reserved while it is written")
	require.NoError(t, w.Abort())
	nothing("abort")
	require.NoError(t, w.Abort())
	nothing("a second abort")

	w = create(ctx, "k", &blob.WriteOptions{Size: 200})
	_, err := w.Commit(ctx)
	require.ErrorIs(t, err, blob.ErrMismatch)
	nothing("mismatch")
	_, err = w.Commit(ctx)
	require.ErrorIs(t, err, blob.ErrFinished)
	nothing("a second commit")

	_, err = s.Create(ctx, "k", &blob.WriteOptions{Size: 10, SHA256: "nonsense"})
	require.ErrorIs(t, err, blob.ErrInvalidOptions)
	nothing("options that were refused")

	w = create(ctx, "k", nil)
	_, err = w.Commit(t.Context())
	require.ErrorIs(t, err, tenant.ErrMissing)
	nothing("commit without a tenant")
	w = create(ctx, "k", nil)
	_, err = w.Commit(as(t.Context(), "other"))
	require.ErrorIs(t, err, tenant.ErrForbidden)
	nothing("commit by another tenant")
	w = create(ctx, "k", nil)
	_, err = w.Commit(tenant.NewContext(t.Context(), tenant.User{Tenant: "acme", Actions: []tenant.Action{tenant.Read}}))
	require.ErrorIs(t, err, tenant.ErrForbidden)
	nothing("commit by a user who may not write")

	w = create(ctx, "k", nil)
	aborted := create(ctx, "l", nil)
	cancel()
	_, err = w.Commit(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, aborted.Abort())
	nothing("cancel")

	ctx = as(t.Context(), "acme")
	require.NoError(t, upload(ctx, s, "taken", 5, 5, true))
	require.ErrorIs(t, upload(ctx, s, "taken", 50, 50, true), blob.ErrExists)
	require.Equal(t, tenant.Usage{Bytes: 5, Blobs: 1}, usage(t, m))
	settled(t, s, m, "acme")
}

// TestRefusedWriteIsNeverPublished: a caller who overlooks that a Write failed
// must not commit what is left.
func TestRefusedWriteIsNeverPublished(t *testing.T) {
	ctx := as(t.Context(), "acme")
	s, m := limited(t, memblob.New(nil), tenant.Limits{MaxBytes: 10})
	w, err := s.Create(ctx, "k", nil)
	require.NoError(t, err)
	_, err = w.Write([]byte("1234567"))
	require.NoError(t, err)
	n, err := w.Write([]byte("8901"))
	require.ErrorIs(t, err, tenant.ErrQuota)
	require.Zero(t, n)
	_, err = w.Write([]byte("8"))
	require.ErrorIs(t, err, tenant.ErrQuota)
	_, err = w.Commit(ctx)
	require.ErrorIs(t, err, tenant.ErrQuota)
	_, err = s.Stat(ctx, "k")
	require.ErrorIs(t, err, blob.ErrNotFound)
	require.Zero(t, usage(t, m))
}

func TestQuotaOfATenantThatIsNotKnown(t *testing.T) {
	s := tenant.NewStore(memblob.New(nil), &tenant.StoreOptions{Manager: &tenant.Memory{}})
	require.ErrorIs(t, upload(as(t.Context(), "acme"), s, "k", 1, 1, true), tenant.ErrUnknown)
}

// TestParallelUploadsNeverOvershoot: the store inside has room for exactly the
// quota, staged bytes included, so the first byte too many would fail with
// ErrNoSpace.
func TestParallelUploadsNeverOvershoot(t *testing.T) {
	const quota, uploads = 1 << 20, 64
	s, m := limited(t, memblob.New(&memblob.Options{MaxBytes: quota}), tenant.Limits{MaxBytes: quota, MaxBlobs: 40})
	ctx := as(t.Context(), "acme")
	for range 3 {
		var stored, blobs atomic.Int64
		var group sync.WaitGroup
		errs := make([]error, uploads)
		for i := range uploads {
			group.Go(func() {
				n := 1000 + 733*i
				errs[i] = upload(ctx, s, fmt.Sprint("k", i), n, 4096, i%2 == 0)
				if errs[i] == nil {
					stored.Add(int64(n))
					blobs.Add(1)
				}
			})
		}
		group.Wait()
		refused := 0
		for _, err := range errs {
			if err != nil {
				require.ErrorIs(t, err, tenant.ErrQuota)
				require.NotErrorIs(t, err, blob.ErrNoSpace)
				refused++
			}
		}
		require.NotZero(t, refused)
		require.Equal(t, tenant.Usage{Bytes: stored.Load(), Blobs: blobs.Load()}, usage(t, m), "exactly what was committed")
		settled(t, s, m, "acme")

		// Everything goes, each blob by several calls at once.
		for i := range 4 * uploads {
			group.Go(func() { _ = s.Delete(ctx, fmt.Sprint("k", i/4)) })
		}
		group.Wait()
		require.Zero(t, usage(t, m))
	}
}

// TestRacingDeletesReleaseOnce: a second release would eat into the charge of
// the blob that stays.
func TestRacingDeletesReleaseOnce(t *testing.T) {
	ctx := as(t.Context(), "acme")
	s, m := limited(t, memblob.New(nil), tenant.Limits{})
	require.NoError(t, upload(ctx, s, "stays", 10_000, 10_000, true))
	for range 50 {
		require.NoError(t, upload(ctx, s, "goes", 100, 100, true))
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() { _ = s.Delete(ctx, "goes") })
		}
		group.Go(func() { _, _ = s.Copy(ctx, "copied", "goes") })
		group.Go(func() { _ = upload(ctx, s, "goes", 30, 30, false) })
		group.Wait()
		settled(t, s, m, "acme")
		require.NoError(t, s.Delete(ctx, "goes"))
		require.NoError(t, s.Delete(ctx, "copied"))
		require.Equal(t, tenant.Usage{Bytes: 10_000, Blobs: 1}, usage(t, m))
	}
}

// TestReserveAheadIsBounded counts how often a long stream asks its Manager.
func TestReserveAheadIsBounded(t *testing.T) {
	asked := &counting{}
	s := tenant.NewStore(memblob.New(nil), &tenant.StoreOptions{Manager: asked})
	ctx := as(t.Context(), "acme")
	w, err := s.Create(ctx, "k", nil)
	require.NoError(t, err)
	defer w.Abort()
	for written := int64(0); written < 40<<20; written += 32 << 10 {
		_, err := w.Write(make([]byte, 32<<10))
		require.NoError(t, err)
		ahead := asked.reserved - written - 32<<10
		require.LessOrEqual(t, ahead, max(min(written, 16<<20), 64<<10), "after %d bytes", written)
	}
	require.LessOrEqual(t, asked.calls, 16, "for 40 MiB")
}

type counting struct {
	tenant.Memory
	calls    int
	reserved int64
}

func (c *counting) Limits(context.Context, string) (tenant.Limits, error) {
	return tenant.Limits{}, nil
}

func (c *counting) Reserve(_ context.Context, _ string, u tenant.Usage) error {
	c.calls++
	c.reserved += u.Bytes
	return nil
}

func (c *counting) Release(context.Context, string, tenant.Usage) error { return nil }

func TestWithoutAManagerNothingIsMetered(t *testing.T) {
	s := tenant.NewStore(memblob.New(nil), nil)
	ctx := as(t.Context(), "acme")
	require.NoError(t, upload(ctx, s, "k", 1<<20, 1000, false))
	require.NoError(t, s.Delete(ctx, "k"))
	require.ErrorIs(t, calls["open"].call(ctx, s, "k"), blob.ErrNotFound)
	require.NoError(t, upload(ctx, s, strings.Repeat("k", 200), 0, 1, false))
	u, err := s.Measure(ctx)
	require.NoError(t, err)
	require.Equal(t, tenant.Usage{Blobs: 1}, u)
}
