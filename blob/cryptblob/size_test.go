package cryptblob

import (
	"bytes"
	"math"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What sealedSize computes is what age writes.
func TestSizeIsThatOfTheFormat(t *testing.T) {
	key, err := NewKey("id", make([]byte, KeySize))
	require.NoError(t, err)
	l, err := newLock(key, "blob")
	require.NoError(t, err)
	for _, n := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3 * chunkSize} {
		var out bytes.Buffer
		w, err := age.Encrypt(&out, l)
		require.NoError(t, err)
		_, err = w.Write(make([]byte, n))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.EqualValues(t, out.Len(), sealedSize(int64(n)))
	}
}

func TestSizesInvert(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.Int64Range(0, maxPlain).Draw(t, "plain")
		if got, err := plainSize(sealedSize(plain)); err != nil || got != plain {
			t.Fatalf("%d bytes come back as %d, %v", plain, got, err)
		}
	})
}

// Any size is refused, or is the size of something.
func TestNoSizeIsMisread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sealed := rapid.OneOf(rapid.Int64(), rapid.Int64Range(0, 10*sealedChunk), rapid.Just(int64(math.MaxInt64))).Draw(t, "sealed")
		if plain, err := plainSize(sealed); err == nil && (plain < 0 || sealedSize(plain) != sealed) {
			t.Fatalf("%d bytes are taken for %d", sealed, plain)
		}
	})
}
