package cfb_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/cfb"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/stretchr/testify/require"
)

func sample() []byte {
	return corpus.CompoundFile([16]byte{1, 2, 3},
		corpus.Stream("WordDocument", strings.Repeat("text ", 2000)),
		corpus.Storage("Macros", corpus.Storage("VBA", corpus.Stream("dir", "x"))))
}

func TestReadsWhatWasWritten(t *testing.T) {
	b := sample()
	f, err := cfb.Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	var names []string
	for _, e := range f.Entries() {
		if e.Kind != 0 {
			names = append(names, e.Name)
		}
	}
	require.Equal(t, []string{"Root Entry", "WordDocument", "Macros", "VBA", "dir"}, names)
	require.Equal(t, byte(3), f.Entries()[0].CLSID[2])

	word, ok := f.Find("worddocument")
	require.True(t, ok)
	text, err := io.ReadAll(f.Open(word))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), strings.Repeat("text ", 2000)))
	prefix := make([]byte, 5)
	n, err := f.ReadPrefix(word, prefix)
	require.NoError(t, err)
	require.Equal(t, "text ", string(prefix[:n]))
	_, ok = f.Find("dir")
	require.False(t, ok, "Find looks under the root only")
}

// TestRealDocument has short streams, which the writer of this corpus avoids.
func TestRealDocument(t *testing.T) {
	b, err := os.ReadFile("/usr/share/clamav-testfiles/clam.ole.doc")
	if err != nil {
		t.Skip("clamav-testfiles are not installed")
	}
	f, err := cfb.Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	short := 0
	for _, e := range f.Entries() {
		if e.Kind != cfb.Stream {
			continue
		}
		data, err := io.ReadAll(f.Open(e))
		require.NoError(t, err, e.Name)
		require.Len(t, data, int(e.Size), e.Name)
		if e.Size < 4096 {
			short++
		}
	}
	require.Positive(t, short)
}

func TestMalformed(t *testing.T) {
	good := sample()
	for what, b := range map[string][]byte{
		"empty":         {},
		"wrong magic":   bytes.Repeat([]byte{7}, 1024),
		"cut header":    good[:100],
		"cut directory": good[:600],
	} {
		_, err := cfb.Open(bytes.NewReader(b), int64(len(b)))
		require.ErrorIs(t, err, cfb.ErrMalformed, what)
	}
	loop := bytes.Clone(good)
	fat := bytes.LastIndex(loop, []byte{0xFD, 0xFF, 0xFF, 0xFF}) &^ 511
	clear(loop[fat : fat+512]) // every sector is followed by sector 0
	_, err := cfb.Open(bytes.NewReader(loop), int64(len(loop)))
	require.ErrorIs(t, err, cfb.ErrMalformed)
}

// FuzzCompoundFile proves that no file makes the reader panic, hang, or read
// more of a stream than the stream says it has.
func FuzzCompoundFile(f *testing.F) {
	f.Add(sample())
	f.Add(corpus.OutlookMessage("a.pdf", []byte("x")))
	for _, s := range []string{"/usr/share/clamav-testfiles/clam.ole.doc", "/usr/share/clamav-testfiles/clam.ppt"} {
		if b, err := os.ReadFile(s); err == nil && len(b) < 64<<10 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := cfb.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, cfb.ErrMalformed) {
				t.Fatalf("%v is not ErrMalformed", err)
			}
			return
		}
		for _, e := range file.Entries()[:min(50, len(file.Entries()))] {
			file.Children(e)
			n, err := io.Copy(io.Discard, io.LimitReader(file.Open(e), 1<<20))
			if n > e.Size || err != nil && !errors.Is(err, cfb.ErrMalformed) {
				t.Fatalf("%d bytes of %d, %v", n, e.Size, err)
			}
		}
	})
}
