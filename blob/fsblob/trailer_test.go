package fsblob

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// FuzzTrailer reads whatever a broken disk may hold: a blob that is described
// right, or ErrCorrupt.
func FuzzTrailer(f *testing.F) {
	whole, err := appendTrailer([]byte("body"), blob.Info{
		Key: "a/b", Size: 4, ContentType: "text/plain", ModTime: time.Unix(1, 2).UTC(), Metadata: map[string]string{"k": "v"},
	})
	require.NoError(f, err)
	f.Add(whole)
	f.Add([]byte(magic))
	f.Add([]byte("\xff\xff\xff\xff\x00\x00\x00\x00" + magic))
	f.Fuzz(func(t *testing.T, file []byte) {
		info, err := readTrailer(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			require.ErrorIs(t, err, blob.ErrCorrupt)
			return
		}
		require.LessOrEqual(t, info.Size, int64(len(file)))
		again, err := appendTrailer(file[:info.Size:info.Size], info)
		if err != nil {
			return // a time that JSON cannot write
		}
		back, err := readTrailer(bytes.NewReader(again), int64(len(again)))
		require.NoError(t, err)
		require.Equal(t, info, back)
	})
}
