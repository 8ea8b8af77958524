package cryptblob_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/storetest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// What encryption costs over a store that costs nothing but a copy.
func BenchmarkWrite(b *testing.B) {
	bench(b, func(store blob.Store, data []byte) {
		storetest.Put(b, store, "new", data, nil)
		require.NoError(b, store.Delete(b.Context(), "new"))
	})
}

func BenchmarkRead(b *testing.B) {
	bench(b, func(store blob.Store, data []byte) {
		r, err := store.Open(b.Context(), "key", 0, -1)
		require.NoError(b, err)
		n, err := io.Copy(io.Discard, r)
		require.NoError(b, err)
		require.EqualValues(b, len(data), n)
		require.NoError(b, r.Close())
	})
}

func BenchmarkReadLastHalf(b *testing.B) {
	bench(b, func(store blob.Store, data []byte) {
		r, err := store.Open(b.Context(), "key", int64(len(data)/2), -1)
		require.NoError(b, err)
		_, err = io.Copy(io.Discard, r)
		require.NoError(b, err)
		require.NoError(b, r.Close())
	})
}

func bench(b *testing.B, op func(store blob.Store, data []byte)) {
	data := storetest.Noise(32 << 20)
	inner := memblob.New(nil)
	for name, store := range map[string]blob.Store{"plain": inner, "encrypted": encrypted(b, memblob.New(nil), newKey(b, "k1"))} {
		storetest.Put(b, store, "key", data, nil)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				op(store, data)
			}
		})
	}
}
