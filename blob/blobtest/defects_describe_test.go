package blobtest

import (
	"context"
	"maps"
	"path"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func describeDefects() []defect {
	const (
		keysLaw    = "keys are kept apart in every script"
		invalidLaw = "invalid keys are refused by every method"
		descLaw    = "content type and metadata come back"
		optionsLaw = "invalid options are refused"
		infoLaw    = "commit, stat and open tell the same"
	)
	return []defect{
		{keysLaw, "ignores case", func(s *memblob.Store) blob.Store { return renamed(s, strings.ToLower) }},
		{keysLaw, "takes the key apart as a path", func(s *memblob.Store) blob.Store { return renamed(s, path.Base) }},
		{keysLaw, "trims space", func(s *memblob.Store) blob.Store { return renamed(s, strings.TrimSpace) }},
		{keysLaw, "drops what is not ASCII", func(s *memblob.Store) blob.Store {
			return renamed(s, func(key string) string {
				return strings.Map(func(r rune) rune {
					if r > '~' {
						return '_'
					}
					return r
				}, key)
			})
		}},
		{invalidLaw, "cleans keys instead", func(s *memblob.Store) blob.Store {
			return renamed(s, func(key string) string { return strings.TrimPrefix(path.Join("/", key), "/") })
		}},
		{invalidLaw, "calls them absent on Open", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
				r, err := s.Open(ctx, key, offset, length)
				if invalid(key) {
					err = &blob.Error{Op: "open", Key: key, Err: blob.ErrNotFound}
				}
				return r, err
			}}
		}},
		{invalidLaw, "deletes them happily", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, remove: func(ctx context.Context, key string) error {
				if invalid(key) {
					return nil
				}
				return s.Delete(ctx, key)
			}}
		}},
		{invalidLaw, "copies to them", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, copy: func(ctx context.Context, dst, src string) (blob.Info, error) {
				if invalid(dst) {
					return blob.Info{Key: dst}, nil
				}
				return s.Copy(ctx, dst, src)
			}}
		}},
		{descLaw, "forgets metadata", func(s *memblob.Store) blob.Store {
			return reoption(s, func(o *blob.WriteOptions) { o.Metadata = nil })
		}},
		{descLaw, "cuts content types at their parameters", func(s *memblob.Store) blob.Store {
			return reoption(s, func(o *blob.WriteOptions) { o.ContentType, _, _ = strings.Cut(o.ContentType, ";") })
		}},
		{descLaw, "has no default content type", func(s *memblob.Store) blob.Store {
			return reoption(s, func(o *blob.WriteOptions) {
				if o.ContentType == "" {
					o.ContentType = "text/plain"
				}
			})
		}},
		{descLaw, "shares its metadata with callers", func(s *memblob.Store) blob.Store {
			held := make(map[string]blob.Info)
			return &rigged{Store: s, stat: func(ctx context.Context, key string) (blob.Info, error) {
				if info, ok := held[key]; ok {
					return info, nil
				}
				info, err := s.Stat(ctx, key)
				if err == nil {
					held[key] = info
				}
				return info, err
			}}
		}},
		{optionsLaw, "drops what it cannot store", func(s *memblob.Store) blob.Store {
			return reoption(s, func(o *blob.WriteOptions) {
				if _, err := o.Resolve(); err != nil {
					*o = blob.WriteOptions{}
				}
			})
		}},
		{optionsLaw, "does not look at metadata", func(s *memblob.Store) blob.Store {
			return reoption(s, func(o *blob.WriteOptions) { o.Metadata = nil })
		}},
		{infoLaw, "does not know the time at first", rig(func(_ *memblob.Store, w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				info, err := w.inner.Commit(ctx)
				info.ModTime = time.Time{}
				return info, err
			}
		})},
		{infoLaw, "describes less in Stat", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, stat: func(ctx context.Context, key string) (blob.Info, error) {
				info, err := s.Stat(ctx, key)
				info.ContentType = ""
				return info, err
			}}
		}},
		{infoLaw, "forgets the digest in Stat", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, stat: func(ctx context.Context, key string) (blob.Info, error) {
				info, err := s.Stat(ctx, key)
				info.SHA256 = ""
				return info, err
			}}
		}},
		{infoLaw, "tells the time of reading in Open", func(s *memblob.Store) blob.Store {
			return &rigged{Store: s, open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
				r, err := s.Open(ctx, key, offset, length)
				if err == nil {
					r.Info.ModTime = r.Info.ModTime.Add(time.Second)
				}
				return r, err
			}}
		}},
	}
}

func invalid(key string) bool { return blob.ValidateKey(key) != nil }

// renamed stores under other keys than it is given, and hides that well.
func renamed(s *memblob.Store, rename func(string) string) blob.Store {
	return &rigged{
		Store: s,
		create: func(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
			return s.Create(ctx, rename(key), opts)
		},
		writer: func(w *riggedWriter) {
			w.commit = func(ctx context.Context) (blob.Info, error) {
				info, err := w.inner.Commit(ctx)
				info.Key = w.key
				return info, err
			}
		},
		open: func(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
			r, err := s.Open(ctx, rename(key), offset, length)
			if err == nil {
				r.Info.Key = key
			}
			return r, err
		},
		remove: func(ctx context.Context, key string) error { return s.Delete(ctx, rename(key)) },
		stat: func(ctx context.Context, key string) (blob.Info, error) {
			info, err := s.Stat(ctx, rename(key))
			info.Key = key
			return info, err
		},
	}
}

func reoption(s *memblob.Store, change func(*blob.WriteOptions)) blob.Store {
	return &rigged{Store: s, create: func(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
		changed := blob.WriteOptions{}
		if opts != nil {
			changed = *opts
			changed.Metadata = maps.Clone(opts.Metadata)
		}
		change(&changed)
		return s.Create(ctx, key, &changed)
	}}
}
