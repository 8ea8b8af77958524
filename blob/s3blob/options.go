package s3blob

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// What S3 allows.
const (
	minPartSize = 5 << 20
	maxPartSize = 5 << 30
	maxParts    = 10_000
	maxCopy     = 5 << 30 // by one CopyObject
)

// Options shapes a Store.
type Options struct {
	// Prefix goes in front of every key; a missing '/' at its end is added.
	// The store sees nothing outside of it. Defaults to "".
	Prefix string

	// PartSize is the size of one part, in bytes, 5 MiB to 5 GiB; a blob of at
	// most this size is sent in one request. Where WriteOptions.Size is known,
	// a larger one is taken if 10,000 parts would not do. Defaults to 8 MiB.
	PartSize int64

	// Concurrency is the number of parts that one Writer has in flight. One
	// more is being filled, so a Writer needs at most Concurrency+1 times
	// PartSize of memory. Defaults to 5.
	Concurrency int

	// PartTimeout bounds each request that Write makes, its repetitions
	// included: Write has no context, and a server that hangs must not hang
	// it. Defaults to 5 minutes.
	PartTimeout time.Duration

	// UnconditionalWrites is for compatibles that refuse If-None-Match. The
	// store then asks whether the key is taken just before it publishes. Two
	// writers that ask at the same time both find it free, both succeed, and
	// the later one's bytes stay: use it only where keys are unique by
	// construction. Defaults to false.
	UnconditionalWrites bool

	// NoChecksums leaves out the SHA-256 checksum headers, for compatibles
	// that refuse them. The signature still covers the bytes. Defaults to
	// false.
	NoChecksums bool

	// Encryption asks S3 to encrypt at rest: AES256 (SSE-S3), aws:kms or
	// aws:kms:dsse. Defaults to "": what the bucket says.
	Encryption types.ServerSideEncryption

	// KMSKeyID names the key of SSE-KMS. Defaults to the account's.
	KMSKeyID string

	// BucketKey lets S3 derive a key per bucket, which saves calls of KMS.
	// Defaults to false: what the bucket says.
	BucketKey bool

	// StorageClass is where new objects live. Defaults to S3 Standard.
	StorageClass types.StorageClass

	// Tags are put on every new object, for lifecycle rules and cost reports.
	// At most 10. Defaults to none.
	Tags map[string]string

	// Presigner makes the URLs of SignURL. Defaults to one over the client if
	// that is an *s3.Client; otherwise SignURL is ErrUnsupported.
	Presigner Presigner
}

func (o *Options) resolve() (Options, error) {
	var r Options
	if o != nil {
		r = *o
	}
	if r.PartSize == 0 {
		r.PartSize = 8 << 20
	}
	if r.Concurrency == 0 {
		r.Concurrency = 5
	}
	if r.PartTimeout == 0 {
		r.PartTimeout = 5 * time.Minute
	}
	if r.Prefix = strings.TrimSuffix(r.Prefix, "/"); r.Prefix != "" {
		if err := blob.ValidateKey(r.Prefix); err != nil {
			return r, fmt.Errorf("s3blob: prefix: %w", err)
		}
		r.Prefix += "/"
	}
	switch {
	case r.PartSize < minPartSize || r.PartSize > maxPartSize:
		return r, fmt.Errorf("s3blob: part size %d, want %d to %d", r.PartSize, minPartSize, int64(maxPartSize))
	case r.Concurrency < 1:
		return r, fmt.Errorf("s3blob: concurrency %d, want 1 or more", r.Concurrency)
	case r.PartTimeout < 0:
		return r, fmt.Errorf("s3blob: part timeout %s", r.PartTimeout)
	case r.KMSKeyID != "" && r.Encryption != types.ServerSideEncryptionAwsKms && r.Encryption != types.ServerSideEncryptionAwsKmsDsse:
		return r, fmt.Errorf("s3blob: a KMS key needs SSE-KMS, not %q", r.Encryption)
	case len(r.Tags) > 10:
		return r, fmt.Errorf("s3blob: %d tags, S3 takes 10", len(r.Tags))
	}
	r.Tags = maps.Clone(r.Tags)
	return r, nil
}

// partSize is the size of the parts of a blob of size bytes, 0 for unknown.
func (o *Options) partSize(size int64) int64 {
	const mib = 1 << 20
	needed := size/maxParts + min(1, size%maxParts)
	return max(o.PartSize, (needed+mib-1)/mib*mib)
}

// The next four render options as the SDK's inputs want them: nil for unset.

func (o *Options) tagging() *string {
	if len(o.Tags) == 0 {
		return nil
	}
	values := url.Values{}
	for k, v := range o.Tags {
		values.Set(k, v)
	}
	return aws.String(strings.ReplaceAll(values.Encode(), "+", "%20"))
}

func (o *Options) kmsKeyID() *string {
	if o.KMSKeyID == "" {
		return nil
	}
	return &o.KMSKeyID
}

func (o *Options) bucketKey() *bool {
	if !o.BucketKey {
		return nil
	}
	return &o.BucketKey
}

func (o *Options) createOnly() *string {
	if o.UnconditionalWrites {
		return nil
	}
	return aws.String("*")
}

func (o *Options) checksumAlgorithm() types.ChecksumAlgorithm {
	if o.NoChecksums {
		return ""
	}
	return types.ChecksumAlgorithmSha256
}
