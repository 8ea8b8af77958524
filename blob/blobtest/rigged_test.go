package blobtest

import (
	"bytes"
	"context"
	"io"
	"iter"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// A defect is a store that breaks one law.
type defect struct {
	law   string
	does  string
	store func(s *memblob.Store) blob.Store
}

// rigged is a right store but for the methods that are replaced.
type rigged struct {
	*memblob.Store
	create  func(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error)
	writer  func(w *riggedWriter)
	open    func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error)
	remove  func(ctx context.Context, key string) error
	stat    func(ctx context.Context, key string) (blob.Info, error)
	list    func(ctx context.Context, prefix string) iter.Seq2[blob.Info, error]
	copy    func(ctx context.Context, dst, src string) (blob.Info, error)
	reclaim func(ctx context.Context, cutoff time.Time) (int, error)
}

func (r *rigged) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	create := r.create
	if create == nil {
		create = r.Store.Create
	}
	w, err := create(ctx, key, opts)
	if err != nil || r.writer == nil {
		return w, err
	}
	full := w.(fullWriter)
	rw := &riggedWriter{
		inner: full, key: key, ctx: ctx,
		write: full.Write, commit: full.Commit, abort: full.Abort, digest: full.SHA256, readAt: full.ReadAt,
	}
	r.writer(rw)
	return rw, nil
}

func (r *rigged) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	if r.open != nil {
		return r.open(ctx, key, offset, length)
	}
	return r.Store.Open(ctx, key, offset, length)
}

func (r *rigged) Delete(ctx context.Context, key string) error {
	if r.remove != nil {
		return r.remove(ctx, key)
	}
	return r.Store.Delete(ctx, key)
}

func (r *rigged) Stat(ctx context.Context, key string) (blob.Info, error) {
	if r.stat != nil {
		return r.stat(ctx, key)
	}
	return r.Store.Stat(ctx, key)
}

func (r *rigged) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	if r.list != nil {
		return r.list(ctx, prefix)
	}
	return r.Store.List(ctx, prefix)
}

func (r *rigged) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	if r.copy != nil {
		return r.copy(ctx, dst, src)
	}
	return r.Store.Copy(ctx, dst, src)
}

func (r *rigged) Reclaim(ctx context.Context, cutoff time.Time) (int, error) {
	if r.reclaim != nil {
		return r.reclaim(ctx, cutoff)
	}
	return r.Store.Reclaim(ctx, cutoff)
}

type fullWriter interface {
	blob.Writer
	blob.Digester
	blob.Staged
}

// riggedWriter begins as a right writer whose methods a defect may replace.
type riggedWriter struct {
	inner fullWriter
	key   string
	ctx   context.Context // of Create

	write  func(p []byte) (int, error)
	commit func(ctx context.Context) (blob.Info, error)
	abort  func() error
	digest func() string
	readAt func(p []byte, offset int64) (int, error)
}

func (w *riggedWriter) Write(p []byte) (int, error)                   { return w.write(p) }
func (w *riggedWriter) Commit(ctx context.Context) (blob.Info, error) { return w.commit(ctx) }
func (w *riggedWriter) Abort() error                                  { return w.abort() }
func (w *riggedWriter) SHA256() string                                { return w.digest() }
func (w *riggedWriter) ReadAt(p []byte, offset int64) (int, error)    { return w.readAt(p, offset) }

// rig is the short way to say which writers a store hands out.
func rig(change func(s *memblob.Store, w *riggedWriter)) func(*memblob.Store) blob.Store {
	return func(s *memblob.Store) blob.Store {
		return &rigged{Store: s, writer: func(w *riggedWriter) { change(s, w) }}
	}
}

// store writes a blob at once, whatever is there already.
func overwrite(s *memblob.Store, key string, data []byte, opts *blob.WriteOptions) (blob.Info, error) {
	ctx := context.Background()
	if err := s.Delete(ctx, key); err != nil {
		return blob.Info{}, err
	}
	w, err := s.Create(ctx, key, opts)
	if err != nil {
		return blob.Info{}, err
	}
	if _, err := w.Write(data); err != nil {
		return blob.Info{}, err
	}
	return w.Commit(ctx)
}

// stagedBytes returns what w holds.
func stagedBytes(w *riggedWriter) []byte {
	data, _ := io.ReadAll(io.NewSectionReader(w.inner, 0, 1<<40))
	return data
}

// reread is Open with a body made by change from the bytes of the range.
func reread(s *memblob.Store, change func(data []byte) io.Reader) *rigged {
	return &rigged{Store: s, open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
		r, err := s.Open(ctx, key, offset, length)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(r)
		return blob.NewReader(r.Info, io.NopCloser(change(data))), err
	}}
}

func flipped(data []byte) io.Reader {
	data = bytes.Clone(data)
	if len(data) > 0 {
		data[len(data)/2] ^= 1
	}
	return bytes.NewReader(data)
}
