package attachment_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func TestUsage(t *testing.T) {
	handler, err := attachment.New(memblob.New(nil), attachmenttest.NewRepository(), nil)
	require.NoError(t, err)
	for _, name := range []string{"a.txt", "b.txt"} {
		result := handler.Execute(as("acme"), node(content, map[string]any{"filename": name}))
		require.Equal(t, attachment.StatusSuccess, result.Status, result.Error)
	}
	usage, err := handler.Usage(as("acme", tenant.Admin))
	require.NoError(t, err)
	require.EqualValues(t, 2, usage.Records)
	require.EqualValues(t, 1, usage.Contents)
	require.Equal(t, 2*usage.StoredBytes, usage.ReferencedBytes)

	_, err = handler.Usage(as("acme", tenant.Read))
	require.ErrorIs(t, err, tenant.ErrForbidden)
	_, err = handler.Usage(t.Context())
	require.ErrorIs(t, err, tenant.ErrMissing)
	_, err = newFixture(t).Usage(as("acme", tenant.Admin)) // its repository hides the method
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
