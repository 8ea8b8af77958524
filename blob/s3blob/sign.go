package s3blob

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// What S3 allows a signature of version 4 to last.
const (
	minExpiry     = time.Second
	maxExpiry     = 7 * 24 * time.Hour
	defaultExpiry = time.Hour
)

// SignURL returns a presigned GET. It makes no request, so that a URL for an
// absent key is signed too and answers 404. The URL also ends with the
// credentials that signed it, which with roles is often earlier.
func (s *Store) SignURL(ctx context.Context, key string, opts *blob.SignURLOptions) (string, error) {
	object, err := s.object("sign", key)
	if err != nil {
		return "", err
	}
	var o blob.SignURLOptions
	if opts != nil {
		o = *opts
	}
	if o.Expires == 0 {
		o.Expires = defaultExpiry
	}
	switch {
	case s.opts.Presigner == nil:
		return "", &blob.Error{Op: "sign", Key: key, Err: fmt.Errorf("%w: no Presigner", blob.ErrUnsupported)}
	case o.Expires < minExpiry || o.Expires > maxExpiry:
		return "", &blob.Error{Op: "sign", Key: key, Err: fmt.Errorf("%w: expiry %s, want %s to %s", blob.ErrInvalidOptions, o.Expires, minExpiry, maxExpiry)}
	}
	signed, err := s.opts.Presigner.PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &s.bucket, Key: &object,
		ResponseContentType: optional(o.ContentType), ResponseContentDisposition: optional(o.ContentDisposition),
	}, s3.WithPresignExpires(o.Expires))
	if err != nil {
		return "", fail("sign", key, err)
	}
	return signed.URL, nil
}

// optional is nil for "": what the SDK leaves out of a request.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
