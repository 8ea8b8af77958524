package tenant_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// trimmed is a store whose Writers and Readers can do only what trim and body
// leave them.
type trimmed struct {
	blob.Store
	trim func(blob.Writer) blob.Writer
	body func(*blob.Reader) io.ReadCloser
}

func (s trimmed) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	w, err := s.Store.Create(ctx, key, opts)
	if err != nil {
		return nil, err
	}
	return s.trim(w), nil
}

func (s trimmed) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	r, err := s.Store.Open(ctx, key, offset, length)
	if err != nil {
		return nil, err
	}
	return blob.NewReader(r.Info, s.body(r)), nil
}

type (
	plainWriter    struct{ blob.Writer }
	digestedWriter struct {
		blob.Writer
		blob.Digester
	}
	stagedWriter struct {
		blob.Writer
		blob.Staged
	}
	unwrappingWriter struct{ plainWriter }
	greedyWriter     struct {
		blob.Writer
		io.ReaderFrom
	}
)

func (w unwrappingWriter) Unwrap() blob.Writer { return w.Writer }

func TestWriterKeepsAbilitiesAndAddsNone(t *testing.T) {
	for name, c := range map[string]struct {
		trim            func(blob.Writer) blob.Writer
		digests, staged bool
	}{
		"both":          {func(w blob.Writer) blob.Writer { return w }, true, true},
		"both, wrapped": {func(w blob.Writer) blob.Writer { return unwrappingWriter{plainWriter{w}} }, true, true},
		"digest":        {func(w blob.Writer) blob.Writer { return digestedWriter{w, w.(blob.Digester)} }, true, false},
		"staged":        {func(w blob.Writer) blob.Writer { return stagedWriter{w, w.(blob.Staged)} }, false, true},
		"neither":       {func(w blob.Writer) blob.Writer { return plainWriter{w} }, false, false},
		"a way around":  {func(w blob.Writer) blob.Writer { return greedyWriter{Writer: w} }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := tenant.NewStore(trimmed{Store: memblob.New(nil), trim: c.trim}, nil)
			w, err := s.Create(as(t.Context(), "acme"), "k", nil)
			require.NoError(t, err)
			defer w.Abort()
			_, err = io.WriteString(w, "hello")
			require.NoError(t, err)

			d, digests := blob.AsWriter[blob.Digester](w)
			require.Equal(t, c.digests, digests)
			if digests {
				require.Equal(t, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", d.SHA256())
			}
			at, staged := blob.AsWriter[blob.Staged](w)
			require.Equal(t, c.staged, staged)
			if staged {
				p := make([]byte, 3)
				_, err := at.ReadAt(p, 1)
				require.NoError(t, err)
				require.Equal(t, "ell", string(p))
				require.NoError(t, w.Abort())
				_, err = at.ReadAt(p, 1)
				require.ErrorIs(t, err, blob.ErrFinished)
				require.NotContains(t, err.Error(), "acme")
			}
			_, around := blob.AsWriter[io.ReaderFrom](w)
			require.False(t, around, "no byte passes unmetered")
		})
	}
}

func TestReaderKeepsAbilitiesAndAddsNone(t *testing.T) {
	inner := memblob.New(nil)
	put(t, of(tenant.NewStore(inner, nil), "acme"), "k", "0123456789")
	for name, c := range map[string]struct {
		body func(*blob.Reader) io.ReadCloser
		can  bool
	}{
		"seekable": {func(r *blob.Reader) io.ReadCloser { return r.Body() }, true},
		"stream":   {func(r *blob.Reader) io.ReadCloser { return io.NopCloser(struct{ io.Reader }{r}) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(as(t.Context(), "acme"))
			defer cancel()
			r, err := tenant.NewStore(trimmed{Store: inner, body: c.body}, nil).Open(ctx, "k", 2, 6)
			require.NoError(t, err)
			defer r.Close()
			at, can := r.Body().(io.ReaderAt)
			require.Equal(t, c.can, can)
			seeker, can := r.Body().(io.Seeker)
			require.Equal(t, c.can, can)
			if can {
				p := make([]byte, 2)
				_, err = at.ReadAt(p, 1)
				require.NoError(t, err)
				require.Equal(t, "34", string(p))
				_, err = seeker.Seek(3, io.SeekStart)
				require.NoError(t, err)
				_, err = seeker.Seek(0, io.SeekStart)
				require.NoError(t, err)
			}
			var out strings.Builder
			_, err = r.WriteTo(&out)
			require.NoError(t, err)
			require.Equal(t, "234567", out.String())
		})
	}
}
