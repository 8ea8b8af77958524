package fsblob

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// Options adjust a Store.
type Options struct {
	// Now tells the time. Defaults to time.Now.
	Now func() time.Time
}

// Store is a [blob.Store] that also lists, copies and reclaims. Its Writers
// are [blob.Digester] and [blob.Staged], and the bodies of its Readers are
// io.ReaderAt and io.Seeker.
type Store struct {
	disk    disk
	now     func() time.Time
	buffers sync.Pool // *[]byte, empty: first chunks
}

var _ interface {
	blob.Store
	blob.Statter
	blob.Lister
	blob.Copier
	blob.Reclaimer
} = (*Store)(nil)

// New opens the store in dir and makes the folder if there is none. opts may be
// nil. Files are made for the user alone (0600, folders 0700).
func New(dir string, opts *Options) (*Store, error) {
	if dir == "" {
		return nil, errors.New("fsblob: no folder is named")
	}
	if opts == nil {
		opts = &Options{}
	}
	root, err := prepare(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{disk: rootDisk{root}, now: opts.Now}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Close lets go of the folder. No other call may follow it.
func (s *Store) Close() error { return s.disk.close() }

// Create implements [blob.Store].
//
// A write of unknown or large size goes to disk as it comes; up to 256 KiB stay
// in memory until Commit, so that refusing a small blob touches no disk; for one
// whose size is announced, Commit is also the first to tell that key is taken.
// One large write holds 1 MiB of memory.
func (s *Store) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	if err := check(ctx, key); err != nil {
		return nil, fail("create", key, err)
	}
	announced, err := opts.Resolve()
	if err != nil {
		return nil, fail("create", key, err)
	}
	if small := 0 < announced.Size && announced.Size <= chunkSize; !small { // else Commit tells soon enough
		if err := s.vacant(locate(key)); err != nil {
			return nil, fail("create", key, err)
		}
	}
	return &writer{store: s, key: key, announced: announced}, nil
}

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	if err := check(ctx, key); err != nil {
		return nil, fail("open", key, err)
	}
	f, info, err := s.open(key)
	if err != nil {
		return nil, fail("open", key, err)
	}
	n, err := blob.CutRange(info.Size, offset, length)
	if err != nil {
		_ = f.Close()
		return nil, fail("open", key, err)
	}
	return blob.NewReader(info, newBody(ctx, key, f, offset, n)), nil
}

// open returns the file of a blob and what its trailer says.
func (s *Store) open(key string) (*os.File, blob.Info, error) {
	f, info, err := s.openAt(locate(key))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, blob.Info{}, blob.ErrNotFound
	case err != nil:
		return nil, blob.Info{}, err
	}
	return f, info, nil
}

// openAt insists that what lies at p belongs there.
func (s *Store) openAt(p place) (*os.File, blob.Info, error) {
	f, err := s.disk.open(p.path())
	if err != nil {
		return nil, blob.Info{}, err
	}
	info, err := describe(f)
	if err == nil && locate(info.Key) != p {
		err = corrupt("holds the blob of another key")
	}
	if err != nil {
		_ = f.Close()
		return nil, blob.Info{}, err
	}
	return f, info, nil
}

func describe(f *os.File) (blob.Info, error) {
	stat, err := f.Stat()
	if err != nil {
		return blob.Info{}, err
	}
	return readTrailer(f, stat.Size())
}

// Delete implements [blob.Store]. The blob does not come back after a power
// cut.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := check(ctx, key); err != nil {
		return fail("delete", key, err)
	}
	p := locate(key)
	err := s.disk.remove(p.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = s.disk.syncDir(p.shard)
	}
	return fail("delete", key, err)
}

// check is what every method asks first.
func check(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return blob.ValidateKey(key)
}
