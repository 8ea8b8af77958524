package blobtest

import (
	"context"
	"errors"
	"iter"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// scoped keeps its blobs under a prefix. Each flag takes one wall down.
type scoped struct {
	inner  *memblob.Store
	prefix string
	leaks
}

type leaks struct {
	names     bool // hands out keys with the prefix
	opens     bool // falls back to any namespace on Open
	deletes   bool // deletes the key in every namespace
	lists     bool // lists every namespace
	copies    bool // copies from every namespace
	reclaims  bool // reclaims every namespace
	cleans    bool // cleans keys instead of refusing them
	noPrefix  bool // has no namespace at all
	sharesKey bool // refuses a key that another namespace has taken
}

func (s *scoped) scope(key string) string {
	switch {
	case s.noPrefix:
		return key
	case s.cleans:
		return path.Join(s.prefix, strings.ReplaceAll(strings.Trim(key, "\x00"), `\`, "/"))
	case blob.ValidateKey(key) != nil:
		return "" // just as invalid, whatever the prefix
	}
	return s.prefix + "/" + key
}

func (s *scoped) info(info blob.Info) blob.Info {
	if !s.names {
		info.Key = strings.TrimPrefix(info.Key, s.prefix+"/")
	}
	return info
}

func (s *scoped) fail(err error, key string) error {
	var e *blob.Error
	if errors.As(err, &e) {
		return &blob.Error{Op: e.Op, Key: key, Err: e.Err}
	}
	return err
}

func (s *scoped) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	if _, err := s.inner.Stat(ctx, "a/"+key); s.sharesKey && err == nil {
		return nil, &blob.Error{Op: "create", Key: key, Err: blob.ErrExists}
	}
	w, err := s.inner.Create(ctx, s.scope(key), opts)
	if err != nil {
		return nil, s.fail(err, key)
	}
	return &scopedWriter{w, s, key}, nil
}

type scopedWriter struct {
	blob.Writer
	store *scoped
	key   string
}

func (w *scopedWriter) Commit(ctx context.Context) (blob.Info, error) {
	info, err := w.Writer.Commit(ctx)
	return w.store.info(info), w.store.fail(err, w.key)
}

func (s *scoped) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	r, err := s.inner.Open(ctx, s.scope(key), offset, length)
	if err != nil && s.opens {
		r, err = s.inner.Open(ctx, "a/"+key, offset, length)
	}
	if err != nil {
		return nil, s.fail(err, key)
	}
	r.Info = s.info(r.Info)
	return r, nil
}

func (s *scoped) Delete(ctx context.Context, key string) error {
	if s.deletes {
		_ = s.inner.Delete(ctx, "a/"+key)
	}
	return s.fail(s.inner.Delete(ctx, s.scope(key)), key)
}

func (s *scoped) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	from := s.prefix + "/" + prefix
	if s.lists {
		from = ""
	}
	return func(yield func(blob.Info, error) bool) {
		for info, err := range s.inner.List(ctx, from) {
			if !yield(s.info(info), err) {
				return
			}
		}
	}
}

func (s *scoped) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	info, err := s.inner.Copy(ctx, s.scope(dst), s.scope(src))
	if errors.Is(err, blob.ErrNotFound) && s.copies {
		info, err = s.inner.Copy(ctx, s.scope(dst), "a/"+src)
	}
	var e *blob.Error
	if errors.As(err, &e) {
		return blob.Info{}, s.fail(err, strings.TrimPrefix(e.Key, s.prefix+"/"))
	}
	return s.info(info), nil
}

func (s *scoped) Reclaim(ctx context.Context, cutoff time.Time) (int, error) {
	if s.reclaims {
		return s.inner.Reclaim(ctx, cutoff)
	}
	return 0, blob.Unsupported("reclaim", "")
}

func TestIsolationLawsHaveTeeth(t *testing.T) {
	open := func(l leaks) (a, b blob.Store) {
		inner := memblob.New(nil)
		return &scoped{inner, "a", l}, &scoped{inner, "b", l}
	}
	broken := map[string][]leaks{
		"the other's blob is absent":          {{opens: true}, {noPrefix: true}},
		"the other's key is free":             {{noPrefix: true}, {names: true}, {sharesKey: true}},
		"the other's blob outlives my delete": {{deletes: true}, {noPrefix: true}},
		"the other's writes go on":            {{reclaims: true}},
		"list yields only my own keys":        {{lists: true}},
		"copy reaches only my own keys":       {{copies: true}, {noPrefix: true}},
		"no key leaves the namespace":         {{cleans: true}},
	}
	for _, l := range small().isolationLaws() {
		t.Run(l.name, func(t *testing.T) {
			check := func(l isolationLaw, leaks leaks) []string {
				return complaints(t, func(r tb) {
					a, b := open(leaks)
					l.check(r, a, b)
				})
			}
			require.Empty(t, check(l, leaks{}), "a right pair fails")
			require.NotEmpty(t, broken[l.name], "nothing shows that this law can fail")
			for _, leak := range broken[l.name] {
				require.NotEmpty(t, check(l, leak), "stores pass with %+v", leak)
			}
			delete(broken, l.name)
		})
	}
	require.Empty(t, broken, "leaks of laws that do not exist")
}

func TestRunIsolation(t *testing.T) {
	RunIsolation(t, func(*testing.T) (a, b blob.Store) {
		inner := memblob.New(nil)
		return &scoped{inner: inner, prefix: "a"}, &scoped{inner: inner, prefix: "b"}
	})
}
