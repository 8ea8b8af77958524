package blob_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// TestMovingStoreConforms: the guide's example keeps every law of the port.
func TestMovingStoreConforms(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blob.Store { return moving{to: memblob.New(nil), from: memblob.New(nil)} })
}

func TestMovingStoreForgetsNothing(t *testing.T) {
	ctx := t.Context()
	store := moving{to: memblob.New(nil), from: memblob.New(nil)}
	keys := func() (found []string) {
		for info, err := range store.List(ctx, "") {
			require.NoError(t, err)
			found = append(found, info.Key)
		}
		return found
	}
	write(ctx, store.from, "old", "1")
	write(ctx, store, "new", "2")
	require.ElementsMatch(t, []string{"old", "new"}, keys())
	require.NoError(t, store.move(ctx))
	require.NoError(t, store.move(ctx), "a second time")
	require.ElementsMatch(t, []string{"old", "new"}, keys(), "though one is in both")
	require.NoError(t, store.Delete(ctx, "old"))
	require.NoError(t, store.move(ctx))
	require.Equal(t, []string{"new"}, keys())
}
