package s3blob_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/storetest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// Each law gets a prefix of its own in the one bucket.
func TestConformance(t *testing.T) {
	client := newClient(t, services.StartS3(t, bucket), nil)
	laws := 0
	blobtest.Run(t, func(t *testing.T) blob.Store {
		laws++
		store, err := s3blob.New(client, bucket, &s3blob.Options{PartSize: part, Prefix: fmt.Sprint(laws)})
		require.NoError(t, err)
		return store
	})
	require.Empty(t, uploads(t, client), "an upload is left behind")
}

// A compatible that knows neither checksums nor conditions.
func TestOldCompatible(t *testing.T) {
	client := newClientWith(t, services.StartS3(t, bucket), s3blob.ClientOptions{ChecksumsWhenRequired: true})
	store, err := s3blob.New(client, bucket, &s3blob.Options{PartSize: part, NoChecksums: true, UnconditionalWrites: true})
	require.NoError(t, err)
	for _, size := range []int{0, one, many} {
		data := storetest.Noise(size)
		key, copied := fmt.Sprint(size), fmt.Sprint(size, "-copy")
		storetest.Put(t, store, key, data, nil)
		require.Equal(t, data, storetest.Read(t, store, key, 0, -1))
		_, err := store.Copy(t.Context(), copied, key)
		require.NoError(t, err)
		require.Equal(t, data, storetest.Read(t, store, copied, 0, -1))
		_, err = storetest.TryPut(t, store, copied, data, nil)
		require.ErrorIs(t, err, blob.ErrExists)
	}
	require.Empty(t, uploads(t, client))
}

// Two prefixes of one bucket, one beginning like the other.
func TestPrefixesAreIsolated(t *testing.T) {
	client := newClient(t, services.StartS3(t, bucket), nil)
	pairs := 0
	blobtest.RunIsolation(t, func(t *testing.T) (a, b blob.Store) {
		pairs++
		open := func(prefix string) blob.Store {
			store, err := s3blob.New(client, bucket, &s3blob.Options{Prefix: fmt.Sprintf("%d/%s", pairs, prefix), PartSize: part})
			require.NoError(t, err)
			return store
		}
		return open("tenant"), open("tenant-2")
	})
}
