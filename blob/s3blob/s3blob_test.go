package s3blob_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

func TestSmoke(t *testing.T) {
	server := services.StartS3(t, bucket)
	store := newStore(t, server, nil, &s3blob.Options{PartSize: 5 << 20})
	for _, n := range []int{0, 1, 5 << 20, 5<<20 + 1, 22 << 20} {
		data := noise(n)
		info := put(t, store, "k", data, &blob.WriteOptions{Metadata: map[string]string{"a": "b  c"}})
		require.Equal(t, data, append([]byte{}, get(t, store, "k")...))
		stat, err := store.Stat(t.Context(), "k")
		require.NoError(t, err)
		t.Log(info, stat)
		require.NoError(t, store.Delete(t.Context(), "k"))
	}
	t.Log(server.Output())
}
