package s3blob_test

import (
	"math"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
)

func TestOptionsAreChecked(t *testing.T) {
	client := struct{ s3blob.Client }{}
	tags := map[string]string{}
	for i := range 11 {
		tags[strings.Repeat("t", i+1)] = "v"
	}
	for name, opts := range map[string]s3blob.Options{
		"part too small":       {PartSize: 5<<20 - 1},
		"part too large":       {PartSize: 5<<30 + 1},
		"negative concurrency": {Concurrency: -1},
		"negative timeout":     {PartTimeout: -1},
		"prefix climbs":        {Prefix: "../other"},
		"key without KMS":      {KMSKeyID: "alias/mail", Encryption: types.ServerSideEncryptionAes256},
		"11 tags":              {Tags: tags},
	} {
		_, err := s3blob.New(client, "bucket", &opts)
		require.Error(t, err, name)
	}
	_, err := s3blob.New(nil, "bucket", nil)
	require.Error(t, err)
	_, err = s3blob.New(client, "", nil)
	require.Error(t, err)
}

// 10,000 parts have to do, whatever the size.
func TestPartSizeGrowsWithTheBlob(t *testing.T) {
	var o s3blob.Options
	for size, want := range map[int64]int64{
		0: 8 << 20, 1: 8 << 20, 5 << 30: 8 << 20, 80_000 << 20: 8 << 20, 80_000<<20 + 1: 9 << 20, 5 << 40: 525 << 20,
	} {
		got, err := o.PartSizeOf(size)
		require.NoError(t, err)
		require.Equal(t, want, got, "%d bytes", size)
		require.LessOrEqual(t, (size+got-1)/got, int64(10_000))
	}
}

func TestMoreThanS3TakesIsRefusedAtOnce(t *testing.T) {
	store, err := s3blob.New(struct{ s3blob.Client }{}, "bucket", nil)
	require.NoError(t, err)
	for _, size := range []int64{10_000*5<<30 + 1, math.MaxInt64} {
		_, err = store.Create(t.Context(), "key", &blob.WriteOptions{Size: size})
		require.ErrorIs(t, err, blob.ErrTooLarge)
	}
}

func TestMetadataLeavesRoomForTheStores(t *testing.T) {
	store, err := s3blob.New(struct{ s3blob.Client }{}, "bucket", nil)
	require.NoError(t, err)
	for name, metadata := range map[string]map[string]string{
		"the store's own": {"blob-write": "forged"},
		"no room":         {"k": strings.Repeat("v", blob.MaxMetadataBytes-1)},
	} {
		_, err := store.Create(t.Context(), "key", &blob.WriteOptions{Metadata: metadata})
		require.ErrorIs(t, err, blob.ErrInvalidOptions, name)
	}
}
