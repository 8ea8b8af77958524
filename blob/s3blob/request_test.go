package s3blob_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/storetest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// The test server takes the encryption headers and ignores them, so they are
// checked where they leave.
func TestEncryptionTagsAndClassAreAskedFor(t *testing.T) {
	server := services.StartS3(t, bucket)
	for name, c := range map[string]struct {
		opts s3blob.Options
		want map[string]string
	}{
		"SSE-S3": {
			s3blob.Options{Encryption: types.ServerSideEncryptionAes256},
			map[string]string{"X-Amz-Server-Side-Encryption": "AES256"},
		},
		"SSE-KMS": {
			s3blob.Options{Encryption: types.ServerSideEncryptionAwsKms, KMSKeyID: "alias/mail", BucketKey: true},
			map[string]string{
				"X-Amz-Server-Side-Encryption":                    "aws:kms",
				"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id":     "alias/mail",
				"X-Amz-Server-Side-Encryption-Bucket-Key-Enabled": "true",
			},
		},
		"tags and class": {
			s3blob.Options{Tags: map[string]string{"app": "mail + files", "env": "prod"}, StorageClass: types.StorageClassStandardIa},
			map[string]string{"X-Amz-Tagging": "app=mail%20%2B%20files&env=prod", "X-Amz-Storage-Class": "STANDARD_IA"},
		},
		"nothing": {s3blob.Options{}, map[string]string{
			"X-Amz-Server-Side-Encryption": "", "X-Amz-Tagging": "", "X-Amz-Storage-Class": "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c.opts.PartSize, c.opts.Prefix = part, name
			store, wire := wired(t, server, &c.opts)
			storetest.Put(t, store, "small", storetest.Noise(one), nil)
			storetest.Put(t, store, "large", storetest.Noise(many), nil)
			_, err := store.Copy(t.Context(), "copy", "small")
			require.NoError(t, err)
			for _, op := range []string{"PutObject", "CreateMultipartUpload", "CopyObject"} {
				for header, want := range c.want {
					require.Equal(t, want, wire.header(t, op).Get(header), "%s %s", op, header)
				}
			}
		})
	}
}

func TestPublicationIsConditionalAndVerified(t *testing.T) {
	server := services.StartS3(t, bucket)
	store, wire := wired(t, server, &s3blob.Options{PartSize: part})
	storetest.Put(t, store, "small", storetest.Noise(one), nil)
	storetest.Put(t, store, "large", storetest.Noise(many), nil)
	require.Equal(t, "*", wire.header(t, "PutObject").Get("If-None-Match"))
	require.Equal(t, "*", wire.header(t, "CompleteMultipartUpload").Get("If-None-Match"))
	require.NotEmpty(t, wire.header(t, "PutObject").Get("X-Amz-Checksum-Sha256"))
	require.NotEmpty(t, wire.header(t, "UploadPart").Get("X-Amz-Checksum-Sha256"))
	require.Equal(t, "UNSIGNED-PAYLOAD", wire.header(t, "UploadPart").Get("X-Amz-Content-Sha256"))
	require.Contains(t, wire.header(t, "UploadPart").Get("Authorization"), "x-amz-checksum-sha256", "the checksum stands in for the payload: it must be signed")

	store, wire = wired(t, server, &s3blob.Options{PartSize: part, Prefix: "old", NoChecksums: true, UnconditionalWrites: true})
	storetest.Put(t, store, "small", storetest.Noise(one), nil)
	require.Empty(t, wire.header(t, "PutObject").Get("If-None-Match"))
	require.Empty(t, wire.header(t, "PutObject").Get("X-Amz-Checksum-Sha256"))
	require.Len(t, wire.header(t, "PutObject").Get("X-Amz-Content-Sha256"), 64)
}

// A wrong part must be refused by the server, not only by the client.
func TestServerVerifiesChecksum(t *testing.T) {
	server := services.StartS3(t, bucket)
	for _, op := range []string{"PutObject", "UploadPart"} {
		t.Run(op, func(t *testing.T) {
			damage := fault{op, -1, func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				r.Body = flipped{r.Body}
				return next.RoundTrip(r)
			}}
			store, _ := wired(t, server, &s3blob.Options{PartSize: part}, damage)
			size := map[string]int{"PutObject": one, "UploadPart": many}[op]
			require.Error(t, write(t, store, op, storetest.Noise(size)))
			absent(t, store, newClient(t, server, nil), op)
		})
	}
}

func TestUnconditionalWritesStillRefuseATakenKey(t *testing.T) {
	server := services.StartS3(t, bucket)
	store := newStore(t, server, nil, &s3blob.Options{PartSize: part, UnconditionalWrites: true})
	storetest.Put(t, store, "key", []byte("first"), nil)
	require.ErrorIs(t, write(t, store, "key", storetest.Noise(one)), blob.ErrExists)
	require.ErrorIs(t, write(t, store, "key", storetest.Noise(many)), blob.ErrExists)
	require.Equal(t, "first", string(storetest.Read(t, store, "key", 0, -1)))
}

// What a duplicate found at the last byte costs.
func TestAbortCosts(t *testing.T) {
	server := services.StartS3(t, bucket)
	store, wire := wired(t, server, &s3blob.Options{PartSize: part})
	w, err := store.Create(t.Context(), "small", nil)
	require.NoError(t, err)
	_, err = w.Write(storetest.Noise(part))
	require.NoError(t, err)
	require.NoError(t, w.Abort())
	require.Zero(t, wire.sent(""), "an aborted small blob has cost a request")

	w, err = store.Create(t.Context(), "large", nil)
	require.NoError(t, err)
	_, err = w.Write(storetest.Noise(many))
	require.NoError(t, err)
	require.NotEmpty(t, uploads(t, newClient(t, server, nil)))
	require.NoError(t, w.Abort())
	absent(t, store, newClient(t, server, nil), "large")
	require.Zero(t, wire.sent("CompleteMultipartUpload"))
}

// One byte too many and the rest of 5 GiB need not travel.
func TestNothingIsSentPastTheAnnouncedSize(t *testing.T) {
	server := services.StartS3(t, bucket)
	store, wire := wired(t, server, &s3blob.Options{PartSize: part})
	w, err := store.Create(t.Context(), "key", &blob.WriteOptions{Size: one})
	require.NoError(t, err)
	_, err = w.Write(storetest.Noise(one + 1))
	require.ErrorIs(t, err, blob.ErrMismatch)
	_, err = w.Commit(t.Context())
	require.ErrorIs(t, err, blob.ErrMismatch)
	require.Zero(t, wire.sent(""))
}
