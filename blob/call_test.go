package blob_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// bare hides what a store offers besides the port.
type bare struct{ blob.Store }

// passing changes nothing and lets As through.
type passing struct{ bare }

func (w passing) Unwrap() blob.Store { return w.Store }

func TestCallsFindTheOptionalInterface(t *testing.T) {
	ctx, inner := context.Background(), memblob.New(nil)
	w, err := inner.Create(ctx, "src", nil)
	require.NoError(t, err)
	_, err = w.Commit(ctx)
	require.NoError(t, err)

	store := passing{bare{inner}}
	info, err := blob.Copy(ctx, store, "dst", "src")
	require.NoError(t, err)
	require.Equal(t, "dst", info.Key)
	keys := map[string]bool{}
	for info, err := range blob.List(ctx, store, "") {
		require.NoError(t, err)
		keys[info.Key] = true
	}
	require.Equal(t, map[string]bool{"src": true, "dst": true}, keys)
	_, err = blob.Reclaim(ctx, store, time.Now())
	require.NoError(t, err)
}

func TestCallsSayWhatIsUnsupported(t *testing.T) {
	ctx, store := context.Background(), bare{memblob.New(nil)}
	_, err := blob.Copy(ctx, store, "dst", "src")
	require.ErrorIs(t, err, blob.ErrUnsupported)
	for _, err = range blob.List(ctx, store, "") {
		require.ErrorIs(t, err, blob.ErrUnsupported)
	}
	require.ErrorIs(t, err, blob.ErrUnsupported)
	_, err = blob.Reclaim(ctx, store, time.Now())
	require.ErrorIs(t, err, blob.ErrUnsupported)
}
