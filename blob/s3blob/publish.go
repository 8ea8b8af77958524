package s3blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// A request that makes an object appear; it returns the object's time.
type sendFunc func(context.Context) (modTime time.Time, err error)

// publish makes object appear by send, create-only, and finds out what became
// of it where the answer leaves a doubt: token tells our object from another's.
func (s *Store) publish(ctx context.Context, object, token string, send sendFunc) (modTime time.Time, err error) {
	if s.opts.UnconditionalWrites {
		if err := s.refuseTaken(ctx, object); err != nil {
			return time.Time{}, err
		}
	}
	modTime, err = sendConditionally(ctx, send)
	switch {
	case err == nil:
		return modTime, nil
	case errorCode(err) != codePrecondition && !conflict(err) && !outcomeUnknown(err):
		return time.Time{}, err // refused, and that is certain
	case ctx.Err() != nil:
		return time.Time{}, err
	}
	return s.settle(ctx, object, token, err)
}

// sendConditionally repeats send on a conflict, as S3 asks for and the SDK does
// not. The wait grows from 50 ms.
func sendConditionally(ctx context.Context, send sendFunc) (time.Time, error) {
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		modTime, err := send(ctx)
		if !conflict(err) || wait > 400*time.Millisecond {
			return modTime, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

// settle asks whose object is under the key now, after err. If it is ours, the
// answer got lost and the repetition met our own object: we won.
func (s *Store) settle(ctx context.Context, object, token string, err error) (time.Time, error) {
	refused := errorCode(err) == codePrecondition
	found, headErr := s.head(ctx, object)
	switch {
	case headErr == nil && found.token == token:
		return found.modTime, nil
	case headErr == nil && (refused || conflict(err)):
		return time.Time{}, blob.ErrExists
	case headErr != nil && refused && temporary(headErr):
		return time.Time{}, headErr // whether we won remains unknown: do not say we lost
	}
	return time.Time{}, err
}

// refuseTaken fails with ErrExists if the object is there.
func (s *Store) refuseTaken(ctx context.Context, object string) error {
	_, err := s.head(ctx, object)
	switch {
	case err == nil:
		return blob.ErrExists
	case notFound(err):
		return nil
	}
	return err
}

// put sends a blob that fits into one part.
func (w *writer) put(ctx context.Context, d description) (modTime time.Time, err error) {
	sum := w.digest.of(w.size, w.buf)
	o := &w.s.opts
	out, err := w.s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.s.bucket, Key: &w.object, IfNoneMatch: o.createOnly(),
		Body: bytes.NewReader(w.buf), ContentLength: &w.size, ContentType: &d.contentType, Metadata: d.stored(),
		ChecksumSHA256: w.s.checksum(sum), Tagging: o.tagging(), StorageClass: o.StorageClass,
		ServerSideEncryption: o.Encryption, SSEKMSKeyId: o.kmsKeyID(), BucketKeyEnabled: o.bucketKey(),
	}, payloadHash(hex.EncodeToString(sum[:])))
	if err != nil {
		return time.Time{}, err
	}
	return answered(out.ResultMetadata), nil
}

// checksum renders sum as the header that makes S3 verify it.
func (s *Store) checksum(sum [sha256.Size]byte) *string {
	if s.opts.NoChecksums {
		return nil
	}
	return aws.String(base64.StdEncoding.EncodeToString(sum[:]))
}

// payloadHash has the request signed with hash for its payload; left alone, the
// SDK would read the whole body once more to compute it.
func payloadHash(hash string) func(*s3.Options) {
	known := middleware.InitializeMiddlewareFunc("KnownPayloadHash", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(v4.SetPayloadHash(ctx, hash), in)
	})
	return func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(known, middleware.After)
		})
	}
}

// answered is the server's time of an answer: S3 does not say what
// Last-Modified it gave an object, and this is the closest to it.
func answered(m middleware.Metadata) time.Time {
	if t, ok := awsmiddleware.GetServerTime(m); ok {
		return t
	}
	return time.Now().UTC().Truncate(time.Second)
}
