package tenant_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// BenchmarkStore shows what the scope costs beside a store that costs nothing.
func BenchmarkStore(b *testing.B) {
	m := &tenant.Memory{}
	require.NoError(b, m.SetLimits("acme", tenant.Limits{MaxBytes: 1 << 40}))
	ctx, data := as(b.Context(), "acme"), make([]byte, 4096)
	for name, wrap := range map[string]func(blob.Store) blob.Store{
		"bare":    func(s blob.Store) blob.Store { return s },
		"scoped":  func(s blob.Store) blob.Store { return tenant.NewStore(s, nil) },
		"metered": func(s blob.Store) blob.Store { return tenant.NewStore(s, &tenant.StoreOptions{Manager: m}) },
	} {
		s := wrap(memblob.New(nil))
		b.Run("put and delete/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w, err := s.Create(ctx, "k", &blob.WriteOptions{Size: int64(len(data))})
				require.NoError(b, err)
				_, err = w.Write(data)
				require.NoError(b, err)
				_, err = w.Commit(ctx)
				require.NoError(b, err)
				require.NoError(b, s.Delete(ctx, "k"))
			}
		})
		b.Run("open and read/"+name, func(b *testing.B) {
			w, err := s.Create(ctx, "r", nil)
			require.NoError(b, err)
			_, err = w.Write(data)
			require.NoError(b, err)
			_, err = w.Commit(ctx)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				r, err := s.Open(ctx, "r", 0, -1)
				require.NoError(b, err)
				_, err = r.WriteTo(io.Discard)
				require.NoError(b, err)
				require.NoError(b, r.Close())
			}
		})
	}
}
