package blobtest

import (
	"bytes"
	"context"
	"io"
	"sync"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func byteDefects() []defect {
	const (
		bytesLaw   = "bytes come back as written"
		chunksLaw  = "odd chunks make one blob"
		bufferLaw  = "write keeps no hold of the buffer"
		rangesLaw  = "ranges are exact"
		pastEndLaw = "a range past the end is refused"
		readersLaw = "readers do not disturb one another"
	)
	return []defect{
		{bytesLaw, "flips a bit", func(s *memblob.Store) blob.Store { return reread(s, flipped) }},
		{bytesLaw, "reports a wrong size", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				info, err := w.inner.Commit(ctx)
				info.Size++
				return info, err
			}
		})},
		{bytesLaw, "reports a wrong digest", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				info, err := w.inner.Commit(ctx)
				info.SHA256 = hexDigest([]byte("other"))
				return info, err
			}
		})},
		{chunksLaw, "keeps 64 KiB of each write", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.write = func(p []byte) (int, error) {
				_, err := w.inner.Write(p[:min(len(p), 64<<10)])
				return len(p), err
			}
		})},
		{chunksLaw, "loses the last byte", func(s *memblob.Store) blob.Store {
			return reread(s, func(data []byte) io.Reader { return bytes.NewReader(data[:max(0, len(data)-1)]) })
		}},
		{bufferLaw, "reads the caller's buffer later", rig(func(_ *memblob.Store, w *riggedWriter) {
			var held [][]byte
			w.write = func(p []byte) (int, error) {
				held = append(held, p)
				return len(p), nil
			}
			w.commit = func(ctx context.Context) (blob.Info, error) {
				_, _ = w.inner.Write(bytes.Join(held, nil))
				return w.inner.Commit(ctx)
			}
		})},
		{rangesLaw, "takes length for an end", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
				if length > 0 {
					length = max(0, length-offset)
				}
				return s.Open(ctx, key, offset, length)
			}}
		}},
		{rangesLaw, "takes a length of zero for everything", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
				if length == 0 {
					length = -1
				}
				return s.Open(ctx, key, offset, length)
			}}
		}},
		{rangesLaw, "reports the size of the range", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
				r, err := s.Open(ctx, key, offset, length)
				if err == nil {
					r.Info.Size, _ = blob.CutRange(r.Info.Size, offset, length)
				}
				return r, err
			}}
		}},
		{pastEndLaw, "reads nothing there", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
				info, err := s.Stat(ctx, key)
				if err != nil {
					return nil, err
				}
				return s.Open(ctx, key, max(0, min(offset, info.Size)), length)
			}}
		}},
		{readersLaw, "has one cursor for all", func(s *memblob.Store) blob.Store { return &oneCursor{Store: s} }},
	}
}

// oneCursor reads every blob through the body of the Open that came last.
type oneCursor struct {
	*memblob.Store
	mu   sync.Mutex
	body io.Reader
}

func (c *oneCursor) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	r, err := c.Store.Open(ctx, key, offset, length)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.body = r.Body()
	return blob.NewReader(r.Info, io.NopCloser(c)), nil
}

func (c *oneCursor) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.body.Read(p[:min(len(p), 1000)])
}
