// Package storetest holds the few lines that the tests of every store would
// otherwise repeat.
package storetest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// TryPut writes a blob in one piece, and aborts where that fails.
func TryPut(t testing.TB, store blob.Store, key string, data []byte, opts *blob.WriteOptions) (blob.Info, error) {
	t.Helper()
	w, err := store.Create(t.Context(), key, opts)
	if err != nil {
		return blob.Info{}, err
	}
	defer w.Abort()
	if _, err := w.Write(data); err != nil {
		return blob.Info{}, err
	}
	return w.Commit(t.Context())
}

// Put is TryPut that must succeed.
func Put(t testing.TB, store blob.Store, key string, data []byte, opts *blob.WriteOptions) blob.Info {
	t.Helper()
	info, err := TryPut(t, store, key, data, opts)
	require.NoError(t, err)
	return info
}

// TryRead reads a range, and returns what came before an error too.
func TryRead(t testing.TB, store blob.Store, key string, offset, length int64) ([]byte, error) {
	t.Helper()
	r, err := store.Open(t.Context(), key, offset, length)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// Read is TryRead that must succeed.
func Read(t testing.TB, store blob.Store, key string, offset, length int64) []byte {
	t.Helper()
	data, err := TryRead(t, store, key, offset, length)
	require.NoError(t, err)
	return data
}

// EveryRange reads ranges around each of the marks, which must match data.
func EveryRange(t testing.TB, store blob.Store, key string, data []byte, marks ...int) {
	t.Helper()
	size := len(data)
	offsets := []int{0, 1, size - 1, size}
	lengths := []int{0, 1, 2, size, -1}
	for _, mark := range marks {
		offsets = append(offsets, mark-1, mark, mark+1)
		lengths = append(lengths, mark, mark+2)
	}
	for _, offset := range offsets {
		if offset < 0 || offset > size {
			continue
		}
		for _, length := range lengths {
			end := min(size, offset+length)
			if length < 0 {
				end = size
			}
			got := Read(t, store, key, int64(offset), int64(length))
			require.Equal(t, Digest(data[offset:end]), Digest(got), "%d bytes, %d from %d: got %d", size, length, offset, len(got))
		}
	}
}

// Noise returns n bytes that do not compress, the same for each n.
func Noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)}).Read(data)
	return data
}

// Digest returns the SHA-256 of data in lower-case hex.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
