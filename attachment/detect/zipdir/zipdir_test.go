package zipdir_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/zipdir"
	"github.com/stretchr/testify/require"
)

// names lists b with zipdir, following every entry to its data.
func names(b []byte) (all []string, err error) {
	dir, err := zipdir.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	for e, err := range dir.Entries() {
		if err != nil {
			return nil, err
		}
		all = append(all, e.Name)
		if _, err := dir.Data(&e); err != nil && !errors.Is(err, zipdir.ErrMalformed) {
			return nil, err
		}
	}
	return all, nil
}

// TestAgainstTheStandardLibrary reads the archives that archive/zip is tested
// with: by seven programs, with ZIP64, with a prefix, with a comment.
func TestAgainstTheStandardLibrary(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(runtime.GOROOT(), "src/archive/zip/testdata/*.zip"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the Go distribution has no test data here")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		theirs, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
			_, err := names(b)
			require.Error(t, err, file)
			continue
		}
		ours, err := names(b)
		require.NoError(t, err, file)
		require.Len(t, ours, len(theirs.File), file)
		for i, f := range theirs.File {
			require.Equal(t, f.Name, ours[i], file)
		}
	}
}

func TestHeadersMustAgree(t *testing.T) {
	good := corpus.Zip("report.pdf", "content of the report")
	for what, corrupt := range map[string]func([]byte){
		"name":       func(b []byte) { b[30] ^= 1 },
		"method":     func(b []byte) { b[8] ^= 8 },
		"encryption": func(b []byte) { b[6] ^= 1 },
		"signature":  func(b []byte) { b[0] ^= 1 },
	} {
		b := bytes.Clone(good)
		corrupt(b)
		dir, err := zipdir.Open(bytes.NewReader(b), int64(len(b)))
		require.NoError(t, err)
		for e, err := range dir.Entries() {
			require.NoError(t, err)
			_, err = dir.Data(&e)
			require.ErrorIs(t, err, zipdir.ErrMalformed, what)
		}
	}
}

func TestNoZip(t *testing.T) {
	for _, b := range []string{"", "PK", "not a zip file at all, but long enough to be one"} {
		_, err := zipdir.Open(bytes.NewReader([]byte(b)), int64(len(b)))
		require.ErrorIs(t, err, zipdir.ErrNotZip)
	}
}

// FuzzZip proves that nothing makes the reader panic, and that where it and
// archive/zip both accept an archive, they see the same members.
func FuzzZip(f *testing.F) {
	f.Add(corpus.Zip("a.txt", "a", "b/", "", "b/c.txt", "ccc"))
	f.Add(corpus.OverlappingZip(3, []byte("hello")))
	f.Add(corpus.EncryptedZip("a"))
	f.Add(append([]byte("prefix"), corpus.Zip("a", "b")...))
	files, _ := filepath.Glob(filepath.Join(runtime.GOROOT(), "src/archive/zip/testdata/*.zip"))
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil && len(b) < 4096 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ours, err := names(b)
		if err != nil {
			return
		}
		theirs, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
			return
		}
		if len(ours) != len(theirs.File) {
			t.Fatalf("%d entries, archive/zip sees %d", len(ours), len(theirs.File))
		}
		for i, file := range theirs.File {
			if file.Name != ours[i] {
				t.Fatalf("entry %d is %q, archive/zip sees %q", i, ours[i], file.Name)
			}
		}
	})
}
