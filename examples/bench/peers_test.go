package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	gocloudS3 "gocloud.dev/blob/s3blob"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

const bucketName = "bench"

// An ingester stores what a source yields and says its SHA-256. It remembers
// the last one, to read it back or to remove it.
type ingester struct {
	take   func(ctx context.Context, src io.Reader, size int64) (sha256 string, err error)
	open   func(ctx context.Context) (io.ReadCloser, error)
	remove func(ctx context.Context) error
}

// contender has the ingester take size bytes, others in every round.
func (i ingester) contender(name string, size int64) contender {
	return contender{
		name: name,
		run: func(tb testing.TB, round int) {
			_, err := i.take(tb.Context(), newSource(round, size), size)
			require.NoError(tb, err)
		},
		undo: func(tb testing.TB) { require.NoError(tb, i.remove(tb.Context())) },
	}
}

// ours is the whole pipeline: policy, hash, deduplication, record.
func ours(p *pipeline) ingester {
	var key string
	return ingester{
		take: func(_ context.Context, src io.Reader, size int64) (string, error) {
			processed, err := p.take(src, size)
			if err != nil {
				return "", err
			}
			key = processed.StorageKey
			return processed.ContentHash, nil
		},
		open:   func(context.Context) (io.ReadCloser, error) { return p.store.Open(p.ctx, key, 0, -1) },
		remove: func(context.Context) error { return p.store.Delete(p.ctx, key) },
	}
}

// gocloud writes through gocloud.dev/blob and hashes on the way.
func gocloud(bucket *blob.Bucket) ingester {
	const key = "large"
	return ingester{
		take: func(ctx context.Context, src io.Reader, _ int64) (string, error) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			w, err := bucket.NewWriter(ctx, key, nil)
			if err != nil {
				return "", err
			}
			hash := sha256.New()
			if _, err := io.Copy(io.MultiWriter(w, hash), src); err != nil {
				cancel() // or Close would publish what has come
				_ = w.Close()
				return "", err
			}
			return hex.EncodeToString(hash.Sum(nil)), w.Close()
		},
		open:   func(ctx context.Context) (io.ReadCloser, error) { return bucket.NewReader(ctx, key, nil) },
		remove: func(ctx context.Context) error { return bucket.Delete(ctx, key) },
	}
}

// fileBucket is gocloud's file system. Its metadata is an MD5, mostly, and can
// be left out.
func fileBucket(tb testing.TB, opts fileblob.Options) *blob.Bucket {
	tb.Helper()
	bucket, err := fileblob.OpenBucket(tb.TempDir(), &opts)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = bucket.Close() })
	return bucket
}

// tusd writes through the store of the tus server and hashes on the way.
func tusd(dir string) ingester {
	store := filestore.New(dir)
	var upload handler.Upload
	return ingester{
		take: func(ctx context.Context, src io.Reader, size int64) (_ string, err error) {
			if upload, err = store.NewUpload(ctx, handler.FileInfo{Size: size}); err != nil {
				return "", err
			}
			hash := sha256.New()
			if _, err := upload.WriteChunk(ctx, 0, io.TeeReader(src, hash)); err != nil {
				return "", err
			}
			return hex.EncodeToString(hash.Sum(nil)), upload.FinishUpload(ctx)
		},
		open:   func(ctx context.Context) (io.ReadCloser, error) { return upload.GetReader(ctx) },
		remove: func(ctx context.Context) error { return store.AsTerminatableUpload(upload).Terminate(ctx) },
	}
}

// startS3 starts a server and opens its one bucket by both libraries, which
// share the client.
func startS3(tb testing.TB) (*s3blob.Store, *blob.Bucket) {
	tb.Helper()
	client := newS3Client(tb, services.StartS3(tb, bucketName))
	store, err := s3blob.New(client, bucketName, nil)
	require.NoError(tb, err)
	bucket, err := gocloudS3.OpenBucket(tb.Context(), client, bucketName, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = bucket.Close() })
	return store, bucket
}

func newS3Client(tb testing.TB, server *services.S3) *s3.Client {
	tb.Helper()
	client, err := s3blob.NewClient(tb.Context(), &s3blob.ClientOptions{
		Endpoint: server.Endpoint, PathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
	})
	require.NoError(tb, err)
	return client
}
