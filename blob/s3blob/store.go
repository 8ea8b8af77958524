package s3blob

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// Store keeps blobs in one bucket. It is safe for concurrent use and holds
// nothing that needs closing.
type Store struct {
	client  Client
	bucket  string
	opts    Options
	buffers *buffers
	maxCopy int64
}

var (
	_ blob.Store     = (*Store)(nil)
	_ blob.Statter   = (*Store)(nil)
	_ blob.Lister    = (*Store)(nil)
	_ blob.URLSigner = (*Store)(nil)
	_ blob.Copier    = (*Store)(nil)
	_ blob.Reclaimer = (*Store)(nil)
)

// New returns a store over a bucket that exists. It makes no request. opts may
// be nil.
//
// In a bucket with versioning, Delete leaves a delete marker and the bytes
// under it; a lifecycle rule has to expire them.
func New(client Client, bucket string, opts *Options) (*Store, error) {
	if client == nil || bucket == "" {
		return nil, errors.New("s3blob: a client and a bucket are required")
	}
	o, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	if c, ok := client.(*s3.Client); ok && o.Presigner == nil {
		o.Presigner = s3.NewPresignClient(c)
	}
	return &Store{client: client, bucket: bucket, opts: o, buffers: newBuffers(o.PartSize), maxCopy: maxCopy}, nil
}

// Stat describes a blob at the cost of one HEAD request.
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	object, err := s.object("stat", key)
	if err != nil {
		return blob.Info{}, err
	}
	d, err := s.head(ctx, object)
	if err != nil {
		return blob.Info{}, fail("stat", key, err)
	}
	return d.info(key), nil
}

// Delete removes a blob. An absent key is not an error.
func (s *Store) Delete(ctx context.Context, key string) error {
	object, err := s.object("delete", key)
	if err != nil {
		return err
	}
	_, err = s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &object})
	if err = fail("delete", key, err); errors.Is(err, blob.ErrNotFound) {
		return nil
	}
	return err
}

// object returns the name of key's object in the bucket.
func (s *Store) object(op, key string) (string, error) {
	err := blob.ValidateKey(key)
	object := s.opts.Prefix + key
	if err == nil && len(object) > blob.MaxKeyBytes {
		err = fmt.Errorf("%w: %d bytes with the prefix, more than %d", blob.ErrInvalidKey, len(object), blob.MaxKeyBytes)
	}
	if err != nil {
		return "", &blob.Error{Op: op, Key: key, Err: err}
	}
	return object, nil
}

func (s *Store) head(ctx context.Context, object string) (description, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &object})
	if err != nil {
		return description{}, err
	}
	return newDescription(out.ContentLength, out.ContentType, out.LastModified, out.Metadata), nil
}
