package blob_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

func TestError(t *testing.T) {
	err := error(&blob.Error{Op: "open", Key: "a\nb", Err: blob.ErrNotFound})
	require.ErrorIs(t, err, blob.ErrNotFound)
	require.EqualError(t, err, `blob: open "a\nb": no such blob`, "a key cannot break a log line")
	require.EqualError(t, &blob.Error{Op: "list", Err: blob.ErrUnsupported}, "blob: list: not supported by this store")
}

func TestRetryable(t *testing.T) {
	busy := &blob.Error{Op: "write", Key: "k", Err: errors.New("busy"), Temporary: true}
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("anything"), false},
		{blob.ErrNotFound, false},
		{&blob.Error{Op: "open", Err: blob.ErrNotFound}, false},
		{busy, true},
		{fmt.Errorf("store attachment: %w", busy), true},
		{&blob.Error{Op: "open", Err: context.DeadlineExceeded}, true},
		{&blob.Error{Op: "open", Err: context.Canceled, Temporary: true}, false},
		{errors.Join(context.Canceled, context.DeadlineExceeded), false},
	} {
		require.Equal(t, c.want, blob.Retryable(c.err), "%v", c.err)
	}
}
