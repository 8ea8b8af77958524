package s3blob_test

import (
	"context"
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
