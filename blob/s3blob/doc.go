// Package s3blob keeps blobs in S3 or a compatible (R2, MinIO, Ceph,
// versitygw).
//
//	client, err := s3blob.NewClient(ctx, &s3blob.ClientOptions{Region: "eu-central-1"})
//	store, err := s3blob.New(client, "attachments", nil)
//
// # How a blob gets there
//
// A blob of at most one part (8 MiB by default) stays in memory until Commit
// and travels as one PutObject: an aborted one costs no request at all. A
// larger one is a multipart upload whose parts leave while Write goes on, a
// bounded number at a time. Commit completes it, Abort removes it.
//
// Both end with If-None-Match: *, so that of many writers of one key one wins
// and the others get ErrExists. The answer to that request can get lost, and
// the SDK then repeats it against our own object. Each Writer therefore stores
// a random token beside the bytes, and recognises its own work by it.
//
// # What is stored beside the bytes
//
// Content type and metadata travel as S3's own. Two more metadata entries are
// the store's: "blob-write", the token, and "blob-sha256", the digest. The
// digest of a multipart upload is not known when its metadata is fixed, so
// there it is kept only if WriteOptions.SHA256 announced it; otherwise
// Info.SHA256 is "" after a Stat or Open. S3 allows 2 KiB of metadata in all
// and the two need up to 111 bytes of it: what no longer fits is
// ErrInvalidOptions.
//
// # Integrity
//
// S3 verifies a SHA-256 checksum of every part before it accepts it. That
// checksum is signed, so the payload need not be hashed a second time for the
// signature.
//
// # Permissions
//
// The store calls PutObject, GetObject, DeleteObject, AbortMultipartUpload,
// ListBucket and ListBucketMultipartUploads. Without ListBucket, S3 answers 403
// instead of 404 for a key that is absent, and the store cannot tell the two
// apart.
package s3blob
