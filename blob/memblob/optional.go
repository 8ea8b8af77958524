package memblob

import (
	"context"
	"errors"
	"iter"
	"maps"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// Stat implements [blob.Statter].
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	if err := check(ctx, key); err != nil {
		return blob.Info{}, fail("stat", key, err)
	}
	e, ok := s.lookup(key)
	if !ok {
		return blob.Info{}, fail("stat", key, blob.ErrNotFound)
	}
	return clone(e.info), nil
}

// List implements [blob.Lister]. It yields what was stored when it began, so
// the loop's body may write and delete.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		found := s.snapshot(prefix)
		for i := 0; ctx.Err() == nil; i++ {
			if i == len(found) || !yield(found[i], nil) {
				return
			}
		}
		yield(blob.Info{}, fail("list", prefix, ctx.Err()))
	}
}

func (s *Store) snapshot(prefix string) []blob.Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []blob.Info
	for key, e := range s.blobs {
		if strings.HasPrefix(key, prefix) {
			found = append(found, clone(e.info))
		}
	}
	return found
}

// Copy implements [blob.Copier]. The copy shares its bytes with src.
func (s *Store) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	for _, key := range []string{dst, src} {
		if err := check(ctx, key); err != nil {
			return blob.Info{}, fail("copy", key, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.blobs[src]
	if !ok {
		return blob.Info{}, fail("copy", src, blob.ErrNotFound)
	}
	if _, taken := s.blobs[dst]; taken {
		return blob.Info{}, fail("copy", dst, blob.ErrExists)
	}
	if err := s.reserve(e.info.Size); err != nil {
		return blob.Info{}, fail("copy", dst, err)
	}
	e.info = clone(e.info)
	e.info.Key = dst
	e.info.ModTime = s.now().UTC()
	s.blobs[dst] = e
	return clone(e.info), nil
}

// Reclaim implements [blob.Reclaimer]: it ends Writers that somebody forgot.
// They then answer ErrFinished.
func (s *Store) Reclaim(ctx context.Context, cutoff time.Time) (removed int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, fail("reclaim", "", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.open {
		if w.began.Before(cutoff) {
			w.drop()
			removed++
		}
	}
	return removed, nil
}

// clone keeps callers away from the map that the store holds.
func clone(info blob.Info) blob.Info {
	info.Metadata = maps.Clone(info.Metadata)
	return info
}

func fail(op, key string, err error) error {
	return &blob.Error{Op: op, Key: key, Err: err, Temporary: errors.Is(err, blob.ErrNoSpace)}
}
