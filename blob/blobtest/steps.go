package blobtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// noise returns n bytes that do not compress and differ for each seed.
func noise(seed byte, n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

func hexDigest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// begin creates a writer and writes data to it.
func begin(t tb, s blob.Store, key string, data []byte, opts *blob.WriteOptions) blob.Writer {
	t.Helper()
	w, err := s.Create(t.Context(), key, opts)
	if err != nil {
		t.Fatalf("Create(%q): %v", key, err)
	}
	if n, err := w.Write(data); n != len(data) || err != nil {
		_ = w.Abort()
		t.Fatalf("Write of %d bytes to %q = %d, %v", len(data), key, n, err)
	}
	return w
}

func commit(t tb, w blob.Writer) blob.Info {
	t.Helper()
	info, err := w.Commit(t.Context())
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return info
}

func abort(t tb, w blob.Writer) {
	t.Helper()
	if err := w.Abort(); err != nil {
		t.Errorf("Abort: %v", err)
	}
}

func put(t tb, s blob.Store, key string, data []byte, opts *blob.WriteOptions) blob.Info {
	t.Helper()
	return commit(t, begin(t, s, key, data, opts))
}

func openRange(t tb, s blob.Store, key string, offset, length int64) *blob.Reader {
	t.Helper()
	r, err := s.Open(t.Context(), key, offset, length)
	if err != nil {
		t.Fatalf("Open(%q, %d, %d): %v", key, offset, length, err)
	}
	return r
}

func readRange(t tb, s blob.Store, key string, offset, length int64) []byte {
	t.Helper()
	r := openRange(t, s, key, offset, length)
	data, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		t.Fatalf("read %q from %d, length %d: %v", key, offset, length, err)
	}
	return data
}

// holds fails t unless key holds exactly data.
func holds(t tb, s blob.Store, key string, data []byte) {
	t.Helper()
	if got := readRange(t, s, key, 0, -1); !bytes.Equal(got, data) {
		t.Errorf("%q holds %d bytes %.20x…, want %d bytes %.20x…", key, len(got), got, len(data), data)
	}
}

// absent fails t if any method admits that there is a blob.
func absent(t tb, s blob.Store, key string) {
	t.Helper()
	r, err := s.Open(t.Context(), key, 0, -1)
	if err == nil {
		_ = r.Close()
	}
	refused(t, "Open of an absent key", err, blob.ErrNotFound, key, "open")
	_, err = blob.Stat(t.Context(), s, key)
	refused(t, "Stat of an absent key", err, blob.ErrNotFound, key, "stat", "open")
	if slices.Contains(listed(t, s, key), key) {
		t.Errorf("List yields %q, which is absent", key)
	}
}

// refused fails t unless err is a *blob.Error that matches want and names one
// of ops, and the key.
func refused(t tb, call string, err, want error, key string, ops ...string) {
	t.Helper()
	var e *blob.Error
	switch {
	case !errors.Is(err, want):
		t.Errorf("%s: error is %v, want %v", call, err, want)
	case !errors.As(err, &e):
		t.Errorf("%s: error is a %T, want *blob.Error", call, err)
	case !slices.Contains(ops, e.Op) || e.Key != key:
		t.Errorf("%s: error names %s %q, want %q %q", call, e.Op, e.Key, ops, key)
	}
}

// sameBlob fails t unless both describe the same blob. A digest may be unknown
// on one side; the two times may come from two clocks.
func sameBlob(t tb, got, want blob.Info) {
	t.Helper()
	digests := got.SHA256 == want.SHA256 || got.SHA256 == "" || want.SHA256 == ""
	clocks := got.ModTime.Sub(want.ModTime).Abs() < time.Minute
	if got.Key != want.Key || got.Size != want.Size || got.ContentType != want.ContentType ||
		!digests || !clocks || !maps.Equal(got.Metadata, want.Metadata) {
		t.Errorf("described as %+v, want %+v", got, want)
	}
}

// offered returns a store's optional interface, unless it has none or only
// pretends to: probe calls it once and returns the error.
func offered[T any](t tb, s blob.Store, probe func(T) error) (T, bool) {
	t.Helper()
	v, ok := blob.As[T](s)
	return v, ok && !errors.Is(probe(v), blob.ErrUnsupported)
}
