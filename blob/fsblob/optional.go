package fsblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// Stat implements [blob.Statter]. What it has seen survives a power cut, even if
// whoever wrote it has not come that far: its caller may rely on it.
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	if err := check(ctx, key); err != nil {
		return blob.Info{}, fail("stat", key, err)
	}
	f, info, err := s.open(key)
	if err != nil {
		return blob.Info{}, fail("stat", key, err)
	}
	return info, fail("stat", key, errors.Join(f.Close(), s.disk.syncDir(locate(key).shard)))
}

// List implements [blob.Lister]. It reads the trailer of every blob in the
// store, whatever the prefix: it is made for audits, not for serving.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for shard := range shards {
			for info, err := range s.listShard(ctx, shard) {
				if err != nil {
					yield(blob.Info{}, fail("list", prefix, err))
					return
				}
				if strings.HasPrefix(info.Key, prefix) && !yield(info, nil) {
					return
				}
			}
		}
	}
}

func (s *Store) listShard(ctx context.Context, shard string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for name, err := range s.names(ctx, shard) {
			if err != nil {
				yield(blob.Info{}, err)
				return
			}
			f, info, err := s.openAt(place{shard, name})
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted since
			}
			if err == nil {
				err = f.Close()
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

// names yields what is in a folder, a few hundred at a time.
func (s *Store) names(ctx context.Context, dir string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		f, err := s.disk.open(dir)
		if err != nil {
			yield("", err)
			return
		}
		defer f.Close()
		for {
			if err := ctx.Err(); err != nil {
				yield("", err)
				return
			}
			names, err := f.Readdirnames(512)
			for _, name := range names {
				if !yield(name, nil) {
					return
				}
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				yield("", err)
				return
			}
		}
	}
}

// Copy implements [blob.Copier]. Where the file system can, the copy shares
// its blocks with src.
func (s *Store) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	for _, key := range []string{dst, src} {
		if err := check(ctx, key); err != nil {
			return blob.Info{}, fail("copy", key, err)
		}
	}
	r, err := s.Open(ctx, src, 0, -1)
	if err != nil {
		return blob.Info{}, fail("copy", src, errors.Unwrap(err))
	}
	defer r.Close()
	if err := s.vacant(locate(dst)); err != nil {
		return blob.Info{}, fail("copy", dst, err)
	}

	info := r.Info
	info.Key, info.ModTime = dst, s.now().UTC()
	g, err := s.stage()
	if err != nil {
		return blob.Info{}, fail("copy", dst, err)
	}
	if err := g.fill(r, info); err != nil {
		_ = g.discard() // what cannot be removed now, Reclaim removes
		return blob.Info{}, fail("copy", dst, err)
	}
	return info, nil
}

func (g *stage) fill(r *blob.Reader, info blob.Info) error {
	if _, err := r.WriteTo(g.file); err != nil {
		return err
	}
	rest, err := appendTrailer(nil, info)
	if err != nil {
		return err
	}
	if _, err := g.file.Write(rest); err != nil {
		return err
	}
	return g.publish(info.Key)
}

// Reclaim implements [blob.Reclaimer]. It looks only at what is unfinished.
func (s *Store) Reclaim(ctx context.Context, cutoff time.Time) (removed int, err error) {
	for name, err := range s.names(ctx, tmpDir) {
		if err != nil {
			return removed, fail("reclaim", "", err)
		}
		if start, ok := began(name); !ok || !start.Before(cutoff) {
			continue
		}
		switch err := s.disk.remove(tmpDir + "/" + name); {
		case err == nil:
			removed++
		case !errors.Is(err, fs.ErrNotExist): // else its writer was faster
			return removed, fail("reclaim", "", err)
		}
	}
	return removed, nil
}
