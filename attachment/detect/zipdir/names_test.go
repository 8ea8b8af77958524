package zipdir_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/zipdir"
	"github.com/stretchr/testify/require"
)

// TestLongNames reads entries that do not fit the buffer, and others next to them.
func TestLongNames(t *testing.T) {
	want := []string{"a", strings.Repeat("b", 4000), strings.Repeat("c", 5000), "d", strings.Repeat("e", 1<<16-1), "f", ""}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i, name := range want {
		h := &zip.FileHeader{Name: name, Extra: bytes.Repeat([]byte{0, 9, 0, 0}, i*1000), Comment: strings.Repeat("x", i*100)}
		_, err := w.CreateHeader(h)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	got, err := names(out.Bytes())
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// TestLocalNameOfAnotherLength makes sure that a longer or shorter name in the
// local header is seen as one, also where the file ends soon after it.
func TestLocalNameOfAnotherLength(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	_, err := w.CreateRaw(&zip.FileHeader{Name: "report.pdf"})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for _, length := range []int{0, 1, 9, 11, 40, 1<<16 - 1} {
		b := bytes.Clone(out.Bytes())
		b[26], b[27] = byte(length), byte(length>>8)
		dir, err := zipdir.Open(bytes.NewReader(b), int64(len(b)))
		require.NoError(t, err)
		for e, err := range dir.Entries() {
			require.NoError(t, err)
			_, err = dir.Data(&e)
			require.ErrorIs(t, err, zipdir.ErrMalformed, "%d", length)
		}
	}
}
