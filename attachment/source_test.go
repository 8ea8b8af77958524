package attachment_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// TestReferenceIsOpenedLast checks that a source is asked only for what the
// node has admitted, and that its word on retries counts.
func TestReferenceIsOpenedLast(t *testing.T) {
	opened, closed := 0, false
	gone := &attachment.Error{Code: attachment.CodeInvalidParams, Message: "no such thing"}
	source := attachment.SourceFunc(func(_ context.Context, ref attachment.Reference) (io.ReadCloser, error) {
		opened++
		switch ref.Ref {
		case "gone":
			return nil, gone
		case "down":
			return nil, errors.New("server is down")
		default:
			return closer{strings.NewReader("text"), &closed}, nil
		}
	})
	handler, err := attachment.New(tenant.NewStore(memblob.New(nil), nil), attachmenttest.NewRepository(), &attachment.Options{Source: source})
	require.NoError(t, err)
	ctx := tenant.NewContext(t.Context(), tenant.User{Tenant: "acme", ID: "maria", Actions: []tenant.Action{tenant.Write}})
	run := func(ref, name string, size int64) attachment.Result {
		opened, closed = 0, false
		return handler.Execute(ctx, attachment.Node{Type: attachment.NodeType, Parameters: map[string]any{
			"messageId": "m1", "filename": name, "size": size, "attachmentData": attachment.Reference{Ref: ref},
		}})
	}

	require.Equal(t, attachment.StatusSuccess, run("here", "a.txt", 4).Status)
	require.Equal(t, 1, opened)
	require.True(t, closed)

	require.Equal(t, attachment.CodeSecurityViolation, run("here", "a.exe", 4).ErrorCode)
	require.Equal(t, attachment.CodeSizeLimit, run("here", "a.txt", 1<<40).ErrorCode)
	require.Zero(t, opened)

	final := run("gone", "a.txt", 4)
	require.Equal(t, attachment.CodeInvalidParams, final.ErrorCode)
	require.False(t, *final.Retryable)
	passing := run("down", "a.txt", 4)
	require.Equal(t, attachment.CodeHandler, passing.ErrorCode)
	require.True(t, *passing.Retryable)
}
