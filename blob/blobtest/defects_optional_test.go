package blobtest

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func optionalDefects() []defect {
	const (
		listLaw    = "list yields what is committed under the prefix"
		copyLaw    = "copy is like create"
		reclaimLaw = "reclaim removes the unfinished only"
		digestLaw  = "the digest is of the bytes written"
		stagedLaw  = "staged bytes can be read back"
	)
	return []defect{
		{listLaw, "matches whole folders only", listing(func(s *memblob.Store, ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
			if prefix != "" && !strings.HasSuffix(prefix, "/") {
				prefix += "/"
			}
			return s.List(ctx, prefix)
		})},
		{listLaw, "ignores the prefix", listing(func(s *memblob.Store, ctx context.Context, _ string) iter.Seq2[blob.Info, error] {
			return s.List(ctx, "")
		})},
		{listLaw, "yields twice", listing(func(s *memblob.Store, ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
			return func(yield func(blob.Info, error) bool) {
				for info, err := range s.List(ctx, prefix) {
					for range 2 {
						if !yield(info, err) {
							return
						}
					}
				}
			}
		})},
		{listLaw, "does not hear break", listing(func(s *memblob.Store, ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
			return func(yield func(blob.Info, error) bool) {
				for info, err := range s.List(ctx, prefix) {
					yield(info, err)
				}
			}
		})},
		{listLaw, "knows no sizes", listing(func(s *memblob.Store, ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
			return func(yield func(blob.Info, error) bool) {
				for info, err := range s.List(ctx, prefix) {
					info.Size = 0
					if !yield(info, err) {
						return
					}
				}
			}
		})},
		{listLaw, "yields what is being written", func(s *memblob.Store) blob.Store {
			return &rigged{
				Store: s,
				writer: func(w *riggedWriter) {
					if strings.HasSuffix(w.key, "pending") {
						_, _ = overwrite(s, w.key, nil, nil)
					}
				},
			}
		}},
		{copyLaw, "overwrites", copying(func(s *memblob.Store, ctx context.Context, dst, src string) (blob.Info, error) {
			if dst != src {
				_ = s.Delete(ctx, dst)
			}
			return s.Copy(ctx, dst, src)
		})},
		{copyLaw, "moves", copying(func(s *memblob.Store, ctx context.Context, dst, src string) (blob.Info, error) {
			info, err := s.Copy(ctx, dst, src)
			if err == nil {
				err = s.Delete(ctx, src)
			}
			return info, err
		})},
		{copyLaw, "forgets the description", copying(func(s *memblob.Store, ctx context.Context, dst, src string) (blob.Info, error) {
			info, err := s.Copy(ctx, dst, src)
			if err != nil {
				return info, err
			}
			r, err := s.Open(ctx, src, 0, -1)
			if err != nil {
				return info, err
			}
			data, _ := io.ReadAll(r)
			return overwrite(s, dst, data, nil)
		})},
		{copyLaw, "makes an empty blob of an absent one", copying(func(s *memblob.Store, ctx context.Context, dst, src string) (blob.Info, error) {
			info, err := s.Copy(ctx, dst, src)
			if errors.Is(err, blob.ErrNotFound) {
				return overwrite(s, dst, nil, nil)
			}
			return info, err
		})},
		{copyLaw, "reports the key of the source", copying(func(s *memblob.Store, ctx context.Context, dst, src string) (blob.Info, error) {
			info, err := s.Copy(ctx, dst, src)
			info.Key = src
			return info, err
		})},
		{reclaimLaw, "removes committed blobs", reclaiming(func(s *memblob.Store, ctx context.Context, cutoff time.Time) (int, error) {
			if cutoff.After(time.Now()) {
				_ = s.Delete(ctx, "reclaim/small")
			}
			return s.Reclaim(ctx, cutoff)
		})},
		{reclaimLaw, "ignores the cutoff", reclaiming(func(s *memblob.Store, ctx context.Context, _ time.Time) (int, error) {
			return s.Reclaim(ctx, time.Now().Add(time.Hour))
		})},
		{reclaimLaw, "counts what is left", reclaiming(func(s *memblob.Store, ctx context.Context, cutoff time.Time) (int, error) {
			n, err := s.Reclaim(ctx, cutoff)
			if n == 0 && cutoff.After(time.Now()) {
				n = 1
			}
			return n, err
		})},
		{reclaimLaw, "publishes half of what it interrupts", func(s *memblob.Store) blob.Store {
			return &rigged{
				Store: s,
				writer: func(w *riggedWriter) {
					w.commit = func(ctx context.Context) (blob.Info, error) {
						info, err := w.inner.Commit(ctx)
						if errors.Is(err, blob.ErrFinished) {
							return overwrite(s, w.key, []byte("half"), nil)
						}
						return info, err
					}
				},
			}
		}},
		{digestLaw, "hashes the last write only", rig(func(_ *memblob.Store, w *riggedWriter) {
			var last string
			w.write = func(p []byte) (int, error) {
				last = hexDigest(p)
				return w.inner.Write(p)
			}
			w.digest = func() string { return last }
		})},
		{digestLaw, "falls silent after the commit", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				w.digest = func() string { return "" }
				return w.inner.Commit(ctx)
			}
		})},
		{stagedLaw, "does not know its end", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.readAt = func(p []byte, offset int64) (int, error) {
				if n, err := w.inner.ReadAt(p, offset); !errors.Is(err, io.EOF) {
					return n, err
				}
				return len(p), nil
			}
		})},
		{stagedLaw, "shows the first write only", rig(func(_ *memblob.Store, w *riggedWriter) {
			end := int64(0)
			w.write = func(p []byte) (int, error) {
				if end == 0 {
					end = int64(len(p))
				}
				return w.inner.Write(p)
			}
			w.readAt = func(p []byte, offset int64) (int, error) {
				return io.NewSectionReader(w.inner, 0, end).ReadAt(p, offset)
			}
		})},
		{stagedLaw, "still reads after the commit", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				data := stagedBytes(w)
				w.readAt = func(p []byte, offset int64) (int, error) { return strings.NewReader(string(data)).ReadAt(p, offset) }
				return w.inner.Commit(ctx)
			}
		})},
	}
}

func listing(f func(*memblob.Store, context.Context, string) iter.Seq2[blob.Info, error]) func(*memblob.Store) blob.Store {
	return func(s *memblob.Store) blob.Store {
		return &rigged{Store: s, list: func(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] { return f(s, ctx, prefix) }}
	}
}

func copying(f func(s *memblob.Store, ctx context.Context, dst, src string) (blob.Info, error)) func(*memblob.Store) blob.Store {
	return func(s *memblob.Store) blob.Store {
		return &rigged{Store: s, copy: func(ctx context.Context, dst, src string) (blob.Info, error) { return f(s, ctx, dst, src) }}
	}
}

func reclaiming(f func(*memblob.Store, context.Context, time.Time) (int, error)) func(*memblob.Store) blob.Store {
	return func(s *memblob.Store) blob.Store {
		return &rigged{Store: s, reclaim: func(ctx context.Context, cutoff time.Time) (int, error) { return f(s, ctx, cutoff) }}
	}
}
