package blobtest

import (
	"context"
	"errors"
	"io"
	"iter"
	"testing"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func contextDefects(t *testing.T) []defect {
	const (
		outlivesLaw = "the writer outlives the context of create"
		endedLaw    = "an ended context fails every call"
		readLaw     = "a cancelled read is never silently short"
		leakLaw     = "no goroutine is left behind"
	)
	free := context.WithoutCancel
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	return []defect{
		{outlivesLaw, "writes in the context of Create", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.write = func(p []byte) (int, error) {
				if err := w.ctx.Err(); err != nil {
					return 0, err
				}
				return w.inner.Write(p)
			}
		})},
		{outlivesLaw, "cannot clean up once it is cancelled", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.abort = func() error { return errors.Join(w.ctx.Err(), w.inner.Abort()) }
		})},
		{endedLaw, "creates without looking", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, create: func(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
				return s.Create(free(ctx), key, opts)
			}}
		}},
		{endedLaw, "opens without looking", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
				return s.Open(free(ctx), key, offset, length)
			}}
		}},
		{endedLaw, "deletes without looking", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, remove: func(ctx context.Context, key string) error { return s.Delete(free(ctx), key) }}
		}},
		{endedLaw, "stats without looking", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, stat: func(ctx context.Context, key string) (blob.Info, error) { return s.Stat(free(ctx), key) }}
		}},
		{endedLaw, "lists without looking", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, list: func(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
				return s.List(free(ctx), prefix)
			}}
		}},
		{endedLaw, "copies without looking", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, copy: func(ctx context.Context, dst, src string) (blob.Info, error) {
				return s.Copy(free(ctx), dst, src)
			}}
		}},
		{endedLaw, "reclaims without looking", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, reclaim: func(ctx context.Context, cutoff time.Time) (int, error) {
				return s.Reclaim(free(ctx), cutoff)
			}}
		}},
		{endedLaw, "commits without looking", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) { return w.inner.Commit(free(ctx)) }
		})},
		{endedLaw, "publishes although it says it was cancelled", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				info, err := w.inner.Commit(free(ctx))
				if ctx.Err() != nil && err == nil {
					err = &blob.Error{Op: "commit", Key: w.key, Err: ctx.Err()}
				}
				return info, err
			}
		})},
		{endedLaw, "stays open after a cancelled commit", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				if err := ctx.Err(); err != nil {
					return blob.Info{}, &blob.Error{Op: "commit", Key: w.key, Err: err}
				}
				return w.inner.Commit(ctx)
			}
		})},
		{readLaw, "ends like a whole file", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
				r, err := s.Open(ctx, key, offset, length)
				if err != nil {
					return nil, err
				}
				body := readFunc(func(p []byte) (int, error) {
					n, err := r.Read(p)
					if errors.Is(err, context.Canceled) {
						err = io.EOF
					}
					return n, err
				})
				return blob.NewReader(r.Info, io.NopCloser(body)), nil
			}}
		}},
		{leakLaw, "leaves one behind for each writer", rig(func(_ *memblob.Store, _ *riggedWriter) { go func() { <-stop }() })},
		{leakLaw, "leaves one behind for each reader", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
				go func() { <-stop }()
				return s.Open(ctx, key, offset, length)
			}}
		}},
	}
}
