// Package memblob keeps blobs in memory. It is a complete [blob.Store], meant
// for tests and demonstrations: what it holds is gone with the process.
package memblob

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// Options adjust a Store.
type Options struct {
	// MaxBytes caps the bytes stored and being written together; a Write or
	// Copy past it fails with ErrNoSpace. Defaults to 0: no cap.
	MaxBytes int64

	// Now tells the time. Defaults to time.Now.
	Now func() time.Time
}

// Store is a [blob.Store] that also lists, copies and reclaims. Its Writers
// are [blob.Digester] and [blob.Staged].
type Store struct {
	maxBytes int64
	now      func() time.Time

	mu    sync.Mutex
	blobs map[string]entry
	open  map[*writer]struct{} // neither committed nor aborted
	used  int64                // bytes of blobs and open together
}

type entry struct {
	info blob.Info
	data []byte // never written to once it is here
}

var _ interface {
	blob.Store
	blob.Statter
	blob.Lister
	blob.Copier
	blob.Reclaimer
} = (*Store)(nil)

// New returns an empty Store. opts may be nil.
func New(opts *Options) *Store {
	if opts == nil {
		opts = &Options{}
	}
	s := &Store{
		maxBytes: opts.MaxBytes,
		now:      opts.Now,
		blobs:    make(map[string]entry),
		open:     make(map[*writer]struct{}),
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Create implements [blob.Store].
func (s *Store) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	if err := check(ctx, key); err != nil {
		return nil, fail("create", key, err)
	}
	announced, err := opts.Resolve()
	if err != nil {
		return nil, fail("create", key, err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.blobs[key]; taken {
		return nil, fail("create", key, blob.ErrExists)
	}
	w := &writer{store: s, key: key, announced: announced, began: s.now(), sum: sha256.New()}
	s.open[w] = struct{}{}
	return w, nil
}

// Open implements [blob.Store]. The body of the Reader is an io.ReaderAt and
// an io.Seeker.
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	if err := check(ctx, key); err != nil {
		return nil, fail("open", key, err)
	}
	e, ok := s.lookup(key)
	if !ok {
		return nil, fail("open", key, blob.ErrNotFound)
	}
	n, err := blob.CutRange(e.info.Size, offset, length)
	if err != nil {
		return nil, fail("open", key, err)
	}
	return blob.NewReader(clone(e.info), newBody(ctx, key, e.data[offset:offset+n])), nil
}

// Delete implements [blob.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := check(ctx, key); err != nil {
		return fail("delete", key, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= s.blobs[key].info.Size
	delete(s.blobs, key)
	return nil
}

func (s *Store) lookup(key string) (entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.blobs[key]
	return e, ok
}

// reserve counts n more bytes, if they fit. The caller holds mu.
func (s *Store) reserve(n int64) error {
	if s.maxBytes > 0 && n > s.maxBytes-s.used {
		return blob.ErrNoSpace
	}
	s.used += n
	return nil
}
