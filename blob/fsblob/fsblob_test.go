package fsblob_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
)

func TestMain(m *testing.M) {
	if child := os.Getenv(childEnv); child != "" {
		os.Exit(children()[child](os.Args[len(os.Args)-1]))
	}
	goleak.VerifyTestMain(m)
}

func open(tb testing.TB, dir string) *fsblob.Store {
	tb.Helper()
	s, err := fsblob.New(dir, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	return s
}

func put(ctx context.Context, s blob.Store, key string, data []byte, opts *blob.WriteOptions) error {
	w, err := s.Create(ctx, key, opts)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(data); err != nil {
		return err
	}
	_, err = w.Commit(ctx)
	return err
}

func get(ctx context.Context, s blob.Store, key string) ([]byte, error) {
	r, err := s.Open(ctx, key, 0, -1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// files returns the paths in dir, without folders, in a map to their size.
func files(tb testing.TB, dir string) map[string]int64 {
	tb.Helper()
	found := make(map[string]int64)
	require.NoError(tb, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			found[rel] = info.Size()
		}
		return err
	}))
	return found
}

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, t.TempDir()) })
}

// Two stores over one folder are what two processes are.
func TestTwoStoresShareAFolder(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	a, b := open(t, dir), open(t, dir)
	w, err := a.Create(ctx, "k", nil)
	require.NoError(t, err)
	require.NoError(t, put(ctx, b, "k", []byte("b"), nil))
	_, err = w.Commit(ctx)
	require.ErrorIs(t, err, blob.ErrExists)
	data, err := get(ctx, a, "k")
	require.NoError(t, err)
	require.Equal(t, "b", string(data))
}

func TestLayout(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on", "the", "way")
	s, ctx := open(t, dir), t.Context()
	require.NoError(t, put(ctx, s, "a", []byte("a key may be"), nil))
	require.NoError(t, put(ctx, s, "a/b", []byte("a folder of another"), nil))
	for path := range files(t, dir) {
		require.Regexp(t, `^([0-9a-f]{2})/[0-9a-f]{64}$`, path)
		require.Equal(t, path[:2], path[3:5])
		info, err := os.Stat(filepath.Join(dir, path))
		require.NoError(t, err)
		require.EqualValues(t, 0o600, info.Mode().Perm())
	}
	for _, folder := range []string{"", "tmp", "ca"} { // the SHA-256 of "a" begins with ca
		info, err := os.Stat(filepath.Join(dir, folder))
		require.NoError(t, err)
		require.EqualValues(t, 0o700, info.Mode().Perm())
	}

	require.NoError(t, os.WriteFile(filepath.Join(dir, "plain"), nil, 0o600))
	_, err := fsblob.New(filepath.Join(dir, "plain"), nil)
	require.Error(t, err, "a file is no folder")
}

func TestSmallAndRefusedBlobsTouchNoDisk(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	s := open(t, dir)
	w, err := s.Create(ctx, "small", nil)
	require.NoError(t, err)
	_, err = w.Write(make([]byte, 200<<10))
	require.NoError(t, err)
	require.Empty(t, files(t, dir))
	require.NoError(t, w.Abort())

	w, err = s.Create(ctx, "lie", &blob.WriteOptions{Size: 10})
	require.NoError(t, err)
	_, err = w.Write(make([]byte, 1<<20))
	require.ErrorIs(t, err, blob.ErrMismatch, "refused at the first byte too many")
	require.Empty(t, files(t, dir))
	_, err = w.Commit(ctx)
	require.ErrorIs(t, err, blob.ErrMismatch)
}

func TestNoLinkLeadsOut(t *testing.T) {
	dir, outside, ctx := t.TempDir(), t.TempDir(), t.Context()
	s := open(t, dir)
	require.NoError(t, put(ctx, s, "victim", []byte("x"), nil))
	var path string
	for path = range files(t, dir) {
	}
	secret := filepath.Join(outside, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))

	require.NoError(t, os.Remove(filepath.Join(dir, path)))
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, path)))
	_, err := get(ctx, s, "victim")
	require.Error(t, err)

	require.NoError(t, os.Remove(filepath.Join(dir, "tmp")))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "tmp")))
	require.Error(t, put(ctx, s, "other", []byte("x"), nil))
	require.Equal(t, map[string]int64{"secret": 6}, files(t, outside))
}

// Every cut and every damaged byte of the trailer is noticed by Open, Stat and
// List, and none of them panics.
func TestDamageIsNoticed(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	s := open(t, dir)
	body := []byte("0123456789")
	require.NoError(t, put(ctx, s, "k", body, nil))
	var path string
	for path = range files(t, dir) {
		path = filepath.Join(dir, path)
	}
	whole, err := os.ReadFile(path)
	require.NoError(t, err)

	damaged := func(file []byte, what string, at int) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, file, 0o600))
		_, err := s.Open(ctx, "k", 0, -1)
		require.ErrorIs(t, err, blob.ErrCorrupt, "%s at %d", what, at)
		require.False(t, blob.Retryable(err))
		_, err = s.Stat(ctx, "k")
		require.ErrorIs(t, err, blob.ErrCorrupt, "%s at %d", what, at)
		if at%16 == 0 { // it looks into every shard
			for _, err = range s.List(ctx, "") {
			}
			require.ErrorIs(t, err, blob.ErrCorrupt, "%s at %d", what, at)
		}
	}
	for n := range len(whole) {
		damaged(whole[:n], "cut", n)
	}
	for at := len(body); at < len(whole); at++ {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 0x10
		damaged(flipped, "flipped bit", at)
	}
	damaged(append(bytes.Clone(whole), 0), "byte added", len(whole))
	damaged(append([]byte{0}, whole...), "byte added", 0)

	require.NoError(t, os.WriteFile(path, whole, 0o600))
	data, err := get(ctx, s, "k")
	require.NoError(t, err)
	require.Equal(t, body, data)

	require.NoError(t, put(ctx, s, "other", []byte("other"), nil))
	for other := range files(t, dir) {
		if other = filepath.Join(dir, other); other != path {
			require.NoError(t, os.Rename(other, path))
		}
	}
	_, err = s.Stat(ctx, "k")
	require.ErrorIs(t, err, blob.ErrCorrupt, "another blob's file is not this blob")
}

func TestLongestDescription(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	key := strings.TrimSuffix(strings.Repeat(strings.Repeat("<", 127)+"/", 8), "/")
	opts := &blob.WriteOptions{
		ContentType: strings.Repeat("&", blob.MaxContentTypeBytes),
		Metadata:    map[string]string{"k": strings.Repeat(`"`, blob.MaxMetadataBytes-1)},
	}
	require.NoError(t, put(ctx, s, key, []byte("body"), opts))
	info, err := s.Stat(ctx, key)
	require.NoError(t, err)
	require.Equal(t, key, info.Key)
	require.Equal(t, opts.ContentType, info.ContentType)
	require.Equal(t, opts.Metadata, info.Metadata)
	data, err := get(ctx, s, key)
	require.NoError(t, err)
	require.Equal(t, "body", string(data))
}

func TestReclaimTouchesOnlyWhatItKnows(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	s := open(t, dir)
	hour := time.Now().Add(-time.Hour)
	stale := fmt.Sprintf("tmp/%d-CRASHED", hour.UnixNano())
	for _, name := range []string{stale, "tmp/README", fmt.Sprintf("tmp/%d-FRESH", time.Now().UnixNano())} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600))
	}
	removed, err := s.Reclaim(ctx, hour)
	require.NoError(t, err)
	require.Zero(t, removed)
	removed, err = s.Reclaim(ctx, hour.Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.Len(t, files(t, dir), 2)
	require.NotContains(t, files(t, dir), stale)
}

func TestListReadsOnWhileBlobsGo(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	const n = 100
	for i := range n {
		require.NoError(t, put(ctx, s, fmt.Sprint(i), nil, nil))
	}
	seen := 0
	for info, err := range s.List(ctx, "") {
		require.NoError(t, err)
		require.NoError(t, s.Delete(ctx, info.Key))
		require.NoError(t, s.Delete(ctx, fmt.Sprint((seen*7)%n)))
		seen++
	}
	require.Positive(t, seen)
	for range s.List(ctx, "") {
		require.Fail(t, "a blob is left")
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "blobs")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	store, err := fsblob.New(dir, nil)
	if err != nil {
		panic(err)
	}
	defer store.Close()

	ctx := context.Background()
	w, err := store.Create(ctx, "invoices/2026/17.txt", &blob.WriteOptions{ContentType: "text/plain"})
	if err != nil {
		panic(err)
	}
	defer w.Abort()
	if _, err := io.WriteString(w, "EUR 12.50"); err != nil {
		panic(err)
	}
	info, err := w.Commit(ctx) // on disk, or not there at all
	if err != nil {
		panic(err)
	}
	fmt.Println(info.Size, info.SHA256[:8])

	r, err := store.Open(ctx, "invoices/2026/17.txt", 4, -1)
	if err != nil {
		panic(err)
	}
	defer r.Close()
	amount, err := io.ReadAll(r)
	fmt.Println(string(amount), err)
	// Output:
	// 9 4da9766d
	// 12.50 <nil>
}
