package s3blob_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// Each law gets a prefix of its own in the one bucket.
func TestConformance(t *testing.T) {
	server := services.StartS3(t, bucket)
	for name, opts := range map[string]s3blob.Options{
		"default":    {PartSize: 5 << 20},
		"compatible": {PartSize: 5 << 20, NoChecksums: true},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClientWith(t, server, s3blob.ClientOptions{ChecksumsWhenRequired: opts.NoChecksums})
			laws := 0
			blobtest.Run(t, func(t *testing.T) blob.Store {
				laws++
				o := opts
				o.Prefix = fmt.Sprintf("%s/%d", name, laws)
				store, err := s3blob.New(client, bucket, &o)
				require.NoError(t, err)
				return store
			})
			require.Empty(t, uploads(t, client), "an upload is left behind")
		})
	}
}

// Two prefixes of one bucket, one beginning like the other.
func TestPrefixesAreIsolated(t *testing.T) {
	client := newClient(t, services.StartS3(t, bucket), nil)
	pairs := 0
	blobtest.RunIsolation(t, func(t *testing.T) (a, b blob.Store) {
		pairs++
		open := func(prefix string) blob.Store {
			store, err := s3blob.New(client, bucket, &s3blob.Options{Prefix: fmt.Sprintf("%d/%s", pairs, prefix), PartSize: 5 << 20})
			require.NoError(t, err)
			return store
		}
		return open("tenant"), open("tenant-2")
	})
}
