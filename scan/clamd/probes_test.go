package clamd

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProbesAreWhatTheySay(t *testing.T) {
	tail := []byte("the last file")

	obj := paddedZip(100_000, tail)
	body, err := obj.Open(t.Context())
	require.NoError(t, err)
	whole, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Len(t, whole, 100_000)
	requireLast(t, whole, tail)

	for _, blocks := range []int{0, 1, 3} {
		outer := nestedZip(blocks, tail)
		require.NotContains(t, string(outer), string(tail), "legible without unpacking")
		archive, err := zip.NewReader(bytes.NewReader(outer), int64(len(outer)))
		require.NoError(t, err)
		f, err := archive.Open("inner.zip")
		require.NoError(t, err)
		inner, err := io.ReadAll(f)
		require.NoError(t, err, "CRC and size are right")
		require.Greater(t, len(inner), blocks<<20)
		requireLast(t, inner, tail)
	}
}

// requireLast reads the whole archive, which checks its CRCs.
func requireLast(t *testing.T, data, want []byte) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	var content []byte
	for _, member := range archive.File {
		f, err := member.Open()
		require.NoError(t, err)
		content, err = io.ReadAll(f)
		require.NoError(t, err)
	}
	require.Equal(t, want, content)
}
