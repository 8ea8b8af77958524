package zstdblob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"maps"
	"strconv"

	"github.com/klauspost/compress/zstd"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// writer compresses into the Writer inside. Size and digest are checked here,
// on the content.
type writer struct {
	s       *Store
	inner   blob.Writer
	encoder *zstd.Encoder // nil once finished
	key     string
	opts    blob.WriteOptions

	digest hash.Hash
	size   int64
	err    error // the first failure of Write
}

var _ blob.Digester = (*writer)(nil)

// Create implements blob.Store. What is not compressible gets the Writer of
// the store inside.
func (s *Store) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	o, err := opts.Resolve()
	if err == nil {
		err = refuseOwnMetadata(o.Metadata)
	}
	if err != nil {
		return nil, fail("create", key, err)
	}
	if !s.compressible(o.ContentType) {
		return s.inner.Create(ctx, key, &o)
	}
	inner, err := s.inner.Create(ctx, key, &blob.WriteOptions{ContentType: o.ContentType, Metadata: storedMetadata(o)})
	if err != nil {
		return nil, err
	}
	w := &writer{s: s, inner: inner, key: key, opts: o, digest: sha256.New(), encoder: s.encoders.Get().(*zstd.Encoder)}
	w.encoder.Reset(inner)
	return w, nil
}

func storedMetadata(o blob.WriteOptions) map[string]string {
	m := map[string]string{metaSize: unknownSize}
	if o.Size > 0 {
		m[metaSize] = strconv.FormatInt(o.Size, 10)
		if o.SHA256 != "" {
			m[metaDigest] = o.SHA256
		}
	}
	maps.Copy(m, o.Metadata)
	return m
}

// Write implements blob.Writer.
func (w *writer) Write(p []byte) (int, error) {
	if w.encoder == nil {
		return 0, fail("write", w.key, blob.ErrFinished)
	}
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.encoder.Write(p)
	w.digest.Write(p[:n])
	w.size += int64(n)
	w.err = fail("write", w.key, err)
	return n, w.err
}

// SHA256 implements blob.Digester, for the content.
func (w *writer) SHA256() string { return hex.EncodeToString(w.digest.Sum(nil)) }

// Commit implements blob.Writer.
func (w *writer) Commit(ctx context.Context) (blob.Info, error) {
	if w.encoder == nil {
		return blob.Info{}, fail("commit", w.key, blob.ErrFinished)
	}
	info, err := w.commit(ctx)
	w.release()
	if err != nil {
		_ = w.inner.Abort() // nothing to do where the Commit inside has failed
		return blob.Info{}, fail("commit", w.key, err)
	}
	return info, nil
}

func (w *writer) commit(ctx context.Context) (blob.Info, error) {
	if w.err != nil {
		return blob.Info{}, w.err
	}
	sum := w.digest.Sum(nil)
	if err := w.opts.Verify(w.size, hex.EncodeToString(sum)); err != nil {
		return blob.Info{}, err
	}
	if err := w.encoder.Close(); err != nil { // ends the frame
		return blob.Info{}, err
	}
	if _, err := w.inner.Write(trailer(w.size, sum)); err != nil {
		return blob.Info{}, err
	}
	info, err := w.inner.Commit(ctx)
	info.Size, info.SHA256, info.Metadata = w.size, hex.EncodeToString(sum), plainMetadata(info.Metadata)
	return info, err
}

// Abort implements blob.Writer.
func (w *writer) Abort() error {
	if w.encoder == nil {
		return nil
	}
	w.release()
	return w.inner.Abort()
}

func (w *writer) release() {
	w.encoder.Reset(nil)
	w.s.encoders.Put(w.encoder)
	w.encoder = nil
}
