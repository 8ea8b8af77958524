package s3blob_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

const bucket = "attachments"

func newClient(t testing.TB, server *services.S3, transport http.RoundTripper) *s3.Client {
	t.Helper()
	return newClientWith(t, server, s3blob.ClientOptions{Transport: transport})
}

func newClientWith(t testing.TB, server *services.S3, opts s3blob.ClientOptions) *s3.Client {
	t.Helper()
	opts.Endpoint, opts.PathStyle = server.Endpoint, true
	opts.Credentials = credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, "")
	client, err := s3blob.NewClient(t.Context(), &opts)
	require.NoError(t, err)
	return client
}

func newStore(t testing.TB, server *services.S3, transport http.RoundTripper, opts *s3blob.Options) *s3blob.Store {
	t.Helper()
	store, err := s3blob.New(newClient(t, server, transport), bucket, opts)
	require.NoError(t, err)
	return store
}

func put(t testing.TB, store blob.Store, key string, data []byte, opts *blob.WriteOptions) blob.Info {
	t.Helper()
	w, err := store.Create(t.Context(), key, opts)
	require.NoError(t, err)
	defer w.Abort()
	_, err = w.Write(data)
	require.NoError(t, err)
	info, err := w.Commit(t.Context())
	require.NoError(t, err)
	return info
}

func get(t testing.TB, store blob.Store, key string) []byte {
	t.Helper()
	r, err := store.Open(t.Context(), key, 0, -1)
	require.NoError(t, err)
	defer r.Close()
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	return data
}

// noise returns n bytes that no backend can compress or share.
func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(data)
	return data
}

// absent fails the test if key is visible or an upload is left.
func absent(t testing.TB, store *s3blob.Store, client *s3.Client, key string) {
	t.Helper()
	_, err := store.Stat(context.WithoutCancel(t.Context()), key)
	require.ErrorIs(t, err, blob.ErrNotFound)
	require.Empty(t, uploads(t, client))
}

func uploads(t testing.TB, client *s3.Client) []string {
	t.Helper()
	name := bucket
	out, err := client.ListMultipartUploads(context.WithoutCancel(t.Context()), &s3.ListMultipartUploadsInput{Bucket: &name})
	require.NoError(t, err)
	var keys []string
	for _, u := range out.Uploads {
		keys = append(keys, *u.Key)
	}
	return keys
}
