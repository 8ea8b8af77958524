package cryptblob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// writer encrypts into the Writer inside. Size and digest are checked here, on
// the plaintext; the Writer inside is only told the size of the ciphertext.
type writer struct {
	inner   blob.Writer
	sealing io.WriteCloser
	key     string
	opts    blob.WriteOptions

	digest   hash.Hash
	size     int64
	finished bool
	err      error // the first failure of Write
}

var _ blob.Digester = (*writer)(nil)

// Create implements blob.Store.
func (s *Store) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	w, err := s.create(ctx, key, opts)
	if err != nil {
		return nil, fail("create", key, err)
	}
	return w, nil
}

func (s *Store) create(ctx context.Context, key string, opts *blob.WriteOptions) (*writer, error) {
	o, err := opts.Resolve()
	if err != nil {
		return nil, err
	}
	if err := blob.ValidateKey(key); err != nil {
		return nil, err
	}
	if o.Size > maxPlain {
		return nil, fmt.Errorf("%w: %d bytes", blob.ErrTooLarge, o.Size)
	}
	current, err := s.keys.Current(ctx)
	if err != nil {
		return nil, err
	}
	l, err := newLock(current, key)
	if err != nil {
		return nil, err
	}
	sealed := blob.WriteOptions{ContentType: o.ContentType}
	if sealed.Metadata, err = sealedMetadata(l, current, o); err != nil {
		return nil, err
	}
	if o.Size > 0 {
		sealed.Size = sealedSize(o.Size)
	}
	inner, err := s.inner.Create(ctx, key, &sealed)
	if err != nil {
		return nil, err
	}
	sealing, err := age.Encrypt(inner, l) // writes the header
	if err != nil {
		_ = inner.Abort()
		return nil, err
	}
	return &writer{inner: inner, sealing: sealing, key: key, opts: o, digest: sha256.New()}, nil
}

// Write implements blob.Writer.
func (w *writer) Write(p []byte) (int, error) {
	if w.finished {
		return 0, fail("write", w.key, blob.ErrFinished)
	}
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.sealing.Write(p)
	w.digest.Write(p[:n])
	w.size += int64(n)
	w.err = fail("write", w.key, err)
	return n, w.err
}

// SHA256 implements blob.Digester, for the plaintext.
func (w *writer) SHA256() string { return hex.EncodeToString(w.digest.Sum(nil)) }

// Commit implements blob.Writer.
func (w *writer) Commit(ctx context.Context) (blob.Info, error) {
	if w.finished {
		return blob.Info{}, fail("commit", w.key, blob.ErrFinished)
	}
	w.finished = true
	info, err := w.commit(ctx)
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
	sum := w.SHA256()
	if err := w.opts.Verify(w.size, sum); err != nil {
		return blob.Info{}, err
	}
	if err := w.sealing.Close(); err != nil { // seals the last chunk
		return blob.Info{}, err
	}
	sealed, err := w.inner.Commit(ctx)
	if err != nil {
		return blob.Info{}, err
	}
	info, err := plainInfo(sealed)
	info.SHA256 = sum
	return info, err
}

// Abort implements blob.Writer.
func (w *writer) Abort() error {
	if w.finished {
		return nil
	}
	w.finished = true
	return w.inner.Abort()
}
