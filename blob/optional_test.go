package blob_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

type statStore struct{ blob.Store }

func (statStore) Stat(_ context.Context, key string) (blob.Info, error) {
	return blob.Info{Key: key, Size: 7}, nil
}

type wrapped struct{ blob.Store }

func (w wrapped) Unwrap() blob.Store { return w.Store }

type opaque struct{ blob.Store }

func TestAs(t *testing.T) {
	inner := statStore{}
	for name, c := range map[string]struct {
		store blob.Store
		want  bool
	}{
		"itself":                   {inner, true},
		"behind two wrappers":      {wrapped{wrapped{inner}}, true},
		"not around an opaque one": {wrapped{opaque{inner}}, false},
		"wrapper around nothing":   {wrapped{}, false},
		"nil":                      {nil, false},
	} {
		found, ok := blob.As[blob.Statter](c.store)
		require.Equal(t, c.want, ok, name)
		require.Equal(t, c.want, found != nil, name)
	}
}

type plainWriter struct{ blob.Writer }

type digestWriter struct{ blob.Writer }

func (digestWriter) SHA256() string { return "digest" }

type wrappedWriter struct{ blob.Writer }

func (w wrappedWriter) Unwrap() blob.Writer { return w.Writer }

func TestAsWriter(t *testing.T) {
	d, ok := blob.AsWriter[blob.Digester](wrappedWriter{digestWriter{}})
	require.True(t, ok)
	require.Equal(t, "digest", d.SHA256())
	_, ok = blob.AsWriter[blob.Digester](plainWriter{digestWriter{}})
	require.False(t, ok, "a wrapper without Unwrap hides what it wraps")
	_, ok = blob.AsWriter[blob.Staged](wrappedWriter{digestWriter{}})
	require.False(t, ok)
}

type openStore struct {
	blob.Store
	err    error
	closed *bool
}

func (s openStore) Open(_ context.Context, key string, offset, length int64) (*blob.Reader, error) {
	if s.err != nil || offset != 0 || length != 0 {
		return nil, errors.Join(s.err, errors.New("not a stat"))
	}
	return blob.NewReader(blob.Info{Key: key, Size: 9}, closeRecorder{strings.NewReader(""), s.closed}), nil
}

type closeRecorder struct {
	io.Reader
	closed *bool
}

func (c closeRecorder) Close() error {
	*c.closed = true
	return nil
}

func TestStat(t *testing.T) {
	info, err := blob.Stat(t.Context(), wrapped{statStore{}}, "k")
	require.NoError(t, err)
	require.EqualValues(t, 7, info.Size)

	var closed bool
	info, err = blob.Stat(t.Context(), openStore{closed: &closed}, "k")
	require.NoError(t, err)
	require.EqualValues(t, 9, info.Size)
	require.True(t, closed)

	_, err = blob.Stat(t.Context(), openStore{err: blob.ErrNotFound}, "k")
	require.ErrorIs(t, err, blob.ErrNotFound)
}
