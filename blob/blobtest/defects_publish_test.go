package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func publishDefects() []defect {
	const (
		hiddenLaw   = "nothing is visible before commit"
		terminalLaw = "commit ends the writer"
		abortLaw    = "abort leaves nothing"
		takenLaw    = "a taken key is refused"
		raceLaw     = "one of 64 racing writers wins"
		rivalLaw    = "an aborted rival frees the key"
		mismatchLaw = "other bytes than announced are refused"
		hashedLaw   = "a digest that the caller computed is kept"
		sideLaw     = "writers of many keys work side by side"
		deleteLaw   = "delete removes one blob"
		readerLaw   = "a reader survives delete or says so"
	)
	return []defect{
		{hiddenLaw, "publishes as it writes", rig(func(s *memblob.Store, w *riggedWriter) {
			w.write = func(p []byte) (int, error) {
				n, err := w.inner.Write(p)
				_, _ = overwrite(s, w.key, stagedBytes(w), nil)
				return n, err
			}
		})},
		{hiddenLaw, "lets Stat see what is being written", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, stat: func(ctx context.Context, key string) (blob.Info, error) {
				info, err := s.Stat(ctx, key)
				if errors.Is(err, blob.ErrNotFound) {
					return blob.Info{Key: key}, nil
				}
				return info, err
			}}
		}},
		{terminalLaw, "commits twice", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				if info, err := w.inner.Commit(ctx); !errors.Is(err, blob.ErrFinished) {
					return info, err
				}
				return blob.Info{Key: w.key}, nil
			}
		})},
		{terminalLaw, "takes bytes after the commit", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.write = func(p []byte) (int, error) {
				_, _ = w.inner.Write(p)
				return len(p), nil
			}
		})},
		{terminalLaw, "deletes on abort", rig(func(s *memblob.Store, w *riggedWriter) {
			w.abort = func() error { return s.Delete(context.Background(), w.key) }
		})},
		{terminalLaw, "returns bare sentinels", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.write = func(p []byte) (int, error) {
				n, err := w.inner.Write(p)
				return n, errors.Unwrap(err)
			}
		})},
		{abortLaw, "publishes on abort, as Close does elsewhere", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.abort = func() error {
				_, _ = w.inner.Commit(context.Background())
				return nil
			}
		})},
		{abortLaw, "complains of the second abort", rig(func(_ *memblob.Store, w *riggedWriter) {
			aborted := false
			w.abort = func() error {
				if aborted {
					return blob.ErrFinished
				}
				aborted = true
				return w.inner.Abort()
			}
		})},
		{abortLaw, "commits what was aborted", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.abort = func() error { return nil }
		})},
		{takenLaw, "overwrites", rig(func(s *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				_ = s.Delete(ctx, w.key)
				return w.inner.Commit(ctx)
			}
		})},
		{takenLaw, "keeps the first and says that it stored the second", rig(swallowErrExists)},
		{takenLaw, "names another key in the error", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				info, err := w.inner.Commit(ctx)
				if err != nil {
					err = &blob.Error{Op: "commit", Key: "namespace/" + w.key, Err: err}
				}
				return info, err
			}
		})},
		{raceLaw, "lets the last one win", rig(func(s *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				defer func() { _ = w.inner.Abort() }()
				return overwrite(s, w.key, stagedBytes(w), nil)
			}
		})},
		{raceLaw, "tells every writer that it won", rig(swallowErrExists)},
		{raceLaw, "mixes the bytes of the writers", func(s *memblob.Store) blob.Store { return &oneBuffer{Store: s} }},
		{rivalLaw, "reserves the key for the first writer", func(s *memblob.Store) blob.Store {
			reserved := make(map[string]bool)
			return &rigged{Store: s, create: func(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
				if reserved[key] {
					return nil, &blob.Error{Op: "create", Key: key, Err: blob.ErrExists}
				}
				reserved[key] = true
				return s.Create(ctx, key, opts)
			}}
		}},
		{mismatchLaw, "compares nothing", func(s *memblob.Store) blob.Store { return announce(s, false, false) }},
		{mismatchLaw, "compares the size only", func(s *memblob.Store) blob.Store { return announce(s, true, false) }},
		{mismatchLaw, "compares the digest only", func(s *memblob.Store) blob.Store { return announce(s, false, true) }},
		{mismatchLaw, "keeps what it refuses", rig(func(s *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				data := stagedBytes(w)
				info, err := w.inner.Commit(ctx)
				if errors.Is(err, blob.ErrMismatch) {
					_, _ = overwrite(s, w.key, data, nil)
				}
				return info, err
			}
		})},
		{hashedLaw, "takes the size on trust, too", func(s *memblob.Store) blob.Store { return announce(s, false, false) }},
		{hashedLaw, "forgets the digest", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				info, err := w.inner.Commit(ctx)
				info.SHA256 = ""
				return info, err
			}
		})},
		{sideLaw, "stages all writes in one buffer", func(s *memblob.Store) blob.Store { return &oneBuffer{Store: s} }},
		{deleteLaw, "does nothing", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, remove: func(context.Context, string) error { return nil }}
		}},
		{deleteLaw, "complains of an absent key", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, remove: func(ctx context.Context, key string) error {
				if _, err := s.Stat(ctx, key); err != nil {
					return err
				}
				return s.Delete(ctx, key)
			}}
		}},
		{deleteLaw, "never frees a key", func(s *memblob.Store) blob.Store {
			gone := make(map[string]bool)
			return &rigged{
				Store: s,
				remove: func(ctx context.Context, key string) error {
					gone[key] = true
					return s.Delete(ctx, key)
				},
				create: func(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
					if gone[key] {
						return nil, &blob.Error{Op: "create", Key: key, Err: blob.ErrExists}
					}
					return s.Create(ctx, key, opts)
				},
			}
		}},
		{deleteLaw, "removes its neighbours too", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, remove: func(ctx context.Context, _ string) error {
				for info := range s.List(ctx, "") {
					_ = s.Delete(ctx, info.Key)
				}
				return nil
			}}
		}},
		{readerLaw, "reads on in the blob that came after", func(s *memblob.Store) blob.Store { return lazily(s, false) }},
		{readerLaw, "ends the read as if all was well", func(s *memblob.Store) blob.Store { return lazily(s, true) }},
	}
}

func swallowErrExists(_ *memblob.Store, w *riggedWriter) {
	w.commit = func(ctx context.Context) (blob.Info, error) {
		info, err := w.inner.Commit(ctx)
		if errors.Is(err, blob.ErrExists) {
			err = nil
		}
		return info, err
	}
}

// announce forgets what was announced, but for what it is told to keep.
func announce(s *memblob.Store, size, sha256 bool) blob.Store {
	return &rigged{Store: s, create: func(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
		kept := &blob.WriteOptions{}
		if opts != nil && size {
			kept.Size = opts.Size
		}
		if opts != nil && sha256 {
			kept.SHA256 = opts.SHA256
		}
		return s.Create(ctx, key, kept)
	}}
}

// oneBuffer stages every write in the same buffer.
type oneBuffer struct {
	*memblob.Store
	mu     sync.Mutex
	staged bytes.Buffer
}

func (o *oneBuffer) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	return (&rigged{Store: o.Store, writer: func(w *riggedWriter) {
		w.write = func(p []byte) (int, error) {
			o.mu.Lock()
			defer o.mu.Unlock()
			return o.staged.Write(p)
		}
		w.commit = func(ctx context.Context) (blob.Info, error) {
			o.mu.Lock()
			defer o.mu.Unlock()
			_, _ = w.inner.Write(o.staged.Bytes())
			return w.inner.Commit(ctx)
		}
	}}).Create(ctx, key, opts)
}

// lazily opens the key anew for every read.
func lazily(s *memblob.Store, quiet bool) blob.Store {
	return &rigged{Store: s, open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
		r, err := s.Open(ctx, key, offset, length)
		if err != nil {
			return nil, err
		}
		first := r.Info.ModTime
		body := readFunc(func(p []byte) (int, error) {
			again, err := s.Open(ctx, key, offset, int64(len(p)))
			if err != nil || quiet && !again.Info.ModTime.Equal(first) {
				return 0, io.EOF
			}
			n, err := io.ReadFull(again, p)
			offset += int64(n)
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF
			}
			return n, err
		})
		return blob.NewReader(r.Info, io.NopCloser(body)), nil
	}}
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }
