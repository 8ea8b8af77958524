package s3blob_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/storetest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

func TestCopyInParts(t *testing.T) {
	server := services.StartS3(t, bucket)
	store, wire := wired(t, server, &s3blob.Options{PartSize: part})
	store.SetMaxCopy(part)
	data := storetest.Noise(many)
	want := storetest.Put(t, store, "dir/a b+c", data, &blob.WriteOptions{ContentType: "text/csv", Metadata: map[string]string{"k": "v"}})

	got, err := store.Copy(t.Context(), "copy", "dir/a b+c")
	require.NoError(t, err)
	require.Equal(t, 4, wire.sent("UploadPartCopy"))
	require.Zero(t, wire.sent("CopyObject"))
	require.Equal(t, want.ContentType, got.ContentType)
	require.Equal(t, want.Metadata, got.Metadata)
	require.Equal(t, data, storetest.Read(t, store, "copy", 0, -1))

	_, err = store.Copy(t.Context(), "copy", "dir/a b+c")
	require.ErrorIs(t, err, blob.ErrExists)
	require.Equal(t, 4, wire.sent("UploadPartCopy"), "copied before asking")
}

// The copy is a write of its own: each must recognise only itself.
func TestCopyGetsItsOwnToken(t *testing.T) {
	server := services.StartS3(t, bucket)
	store, wire := wired(t, server, nil)
	storetest.Put(t, store, "src", storetest.Noise(one), nil)
	_, err := store.Copy(t.Context(), "dst", "src")
	require.NoError(t, err)
	const token = "X-Amz-Meta-Blob-Write"
	require.NotEmpty(t, wire.header(t, "CopyObject").Get(token))
	require.NotEqual(t, wire.header(t, "PutObject").Get(token), wire.header(t, "CopyObject").Get(token))
}

func TestCopyWithoutAConditionOnTheServer(t *testing.T) {
	server := services.StartS3(t, bucket)
	store, wire := wired(t, server, nil, answer("CopyObject", 1, 501, "NotImplemented"))
	storetest.Put(t, store, "src", storetest.Noise(one), nil)
	_, err := store.Copy(t.Context(), "dst", "src")
	require.NoError(t, err)
	require.Empty(t, wire.header(t, "CopyObject").Get("If-None-Match"))
	require.Equal(t, storetest.Noise(one), storetest.Read(t, store, "dst", 0, -1))
}

func TestCopyCleansUp(t *testing.T) {
	server := services.StartS3(t, bucket)
	store, _ := wired(t, server, nil, answer("UploadPartCopy", -1, 500, "InternalError"))
	store.SetMaxCopy(part)
	storetest.Put(t, store, "src", storetest.Noise(many), nil)
	_, err := store.Copy(t.Context(), "dst", "src")
	requireTemporary(t, err)
	absent(t, store, newClient(t, server, nil), "dst")
}

func TestReclaimStaysUnderThePrefix(t *testing.T) {
	server := services.StartS3(t, bucket)
	client := newClient(t, server, nil)
	mine, err := s3blob.New(client, bucket, &s3blob.Options{Prefix: "mine", PartSize: part})
	require.NoError(t, err)
	others, err := s3blob.New(client, bucket, &s3blob.Options{Prefix: "mine-not", PartSize: part})
	require.NoError(t, err)
	for _, store := range []blob.Store{mine, others} {
		w, err := store.Create(t.Context(), "key", nil)
		require.NoError(t, err)
		_, err = w.Write(storetest.Noise(many))
		require.NoError(t, err)
		defer w.Abort()
	}
	n, err := mine.Reclaim(t.Context(), time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	// A part that is under way while its upload ends may survive it, as S3 says
	// itself: it takes another round then.
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := mine.Reclaim(t.Context(), time.Now().Add(time.Hour))
		require.NoError(c, err)
		require.Equal(c, []string{"mine-not/key"}, uploads(t, client))
	}, 30*time.Second, 50*time.Millisecond)
}
