package s3blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// upload is one multipart upload. Its goroutines, at most Concurrency, are
// gone when finish has succeeded or abort has returned.
type upload struct {
	s       *Store
	ctx     context.Context // of every request; ends early only through hurry
	cancel  context.CancelFunc
	object  string
	id      string
	buffers *buffers
	flight  errgroup.Group
	failed  atomic.Pointer[error]  // the first part that failed
	parts   []*types.CompletedPart // each filled in by its own goroutine
}

// startUpload begins an upload that ends with ctx.
func (s *Store) startUpload(ctx context.Context, object string, d description, checksum types.ChecksumAlgorithm) (*upload, error) {
	request, done := context.WithTimeout(ctx, s.opts.PartTimeout)
	defer done()
	out, err := s.client.CreateMultipartUpload(request, &s3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: &object, ContentType: &d.contentType, Metadata: d.stored(),
		ChecksumAlgorithm: checksum, Tagging: s.opts.tagging(), StorageClass: s.opts.StorageClass,
		ServerSideEncryption: s.opts.Encryption, SSEKMSKeyId: s.opts.kmsKeyID(), BucketKeyEnabled: s.opts.bucketKey(),
	})
	if err != nil {
		return nil, err
	}
	u := &upload{s: s, object: object, id: aws.ToString(out.UploadId)}
	u.ctx, u.cancel = context.WithCancel(ctx)
	u.flight.SetLimit(s.opts.Concurrency)
	return u, nil
}

// send uploads buf, which is its own from now on, in the background, having
// called hash. It waits for a free place in flight, and fails once any part
// has.
func (u *upload) send(buf []byte, hash func()) error {
	return u.start(func(part *types.CompletedPart) error {
		hash()
		if err := u.sendPart(part, buf); err != nil {
			return err // and leave buf to the collector: the transport may still read it
		}
		u.buffers.put(buf)
		return nil
	})
}

// start does one more part in the background. Parts in flight go on when
// another one fails: see hurry.
func (u *upload) start(do func(*types.CompletedPart) error) error {
	if err := u.failed.Load(); err != nil {
		return *err
	}
	if len(u.parts) == maxParts {
		return fmt.Errorf("%w: %d parts", blob.ErrTooLarge, maxParts)
	}
	part := &types.CompletedPart{PartNumber: aws.Int32(int32(len(u.parts) + 1))}
	u.parts = append(u.parts, part)
	u.flight.Go(func() error {
		err := do(part)
		if err != nil {
			u.failed.CompareAndSwap(nil, &err)
		}
		return err
	})
	return nil
}

func (u *upload) sendPart(part *types.CompletedPart, buf []byte) error {
	ctx, done := context.WithTimeout(u.ctx, u.s.opts.PartTimeout)
	defer done()
	sum := sha256.Sum256(buf)
	in := &s3.UploadPartInput{
		Bucket: &u.s.bucket, Key: &u.object, UploadId: &u.id, PartNumber: part.PartNumber,
		Body: bytes.NewReader(buf), ContentLength: aws.Int64(int64(len(buf))),
	}
	signed := hex.EncodeToString(sum[:])
	if in.ChecksumSHA256 = u.s.checksum(sum); in.ChecksumSHA256 != nil {
		signed = unsignedPayload
	}
	out, err := u.s.client.UploadPart(ctx, in, payloadHash(signed))
	if err != nil {
		return err
	}
	if aws.ToString(out.ChecksumSHA256) != aws.ToString(in.ChecksumSHA256) {
		return errUnverified
	}
	part.ETag, part.ChecksumSHA256 = out.ETag, in.ChecksumSHA256
	return nil
}

// A part whose checksum header is signed needs no signature of its payload as
// well: S3 verifies the one and would hash every byte twice for both. A server
// that verified the checksum repeats it in the answer. One that does not might
// have stored anything.
const unsignedPayload = "UNSIGNED-PAYLOAD"

var errUnverified = fmt.Errorf("%w: the server did not confirm a part's SHA-256; set Options.NoChecksums", blob.ErrUnsupported)

// finish sends the last part, hashed already, and waits for all. When ctx ends
// it hurries.
func (u *upload) finish(ctx context.Context, last []byte) error {
	defer context.AfterFunc(ctx, u.hurry)()
	err := u.send(last, func() {})
	if err == nil {
		err = u.flight.Wait()
	}
	if ctx.Err() != nil {
		return ctx.Err() // and not that of a part cut short
	}
	return err
}

const (
	hurryGrace   = 3 * time.Second
	abortTimeout = 10 * time.Second
)

// hurry cuts the parts in flight short, but not at once: a part whose request
// is cut may reach the server after the abort, which then did not remove it.
func (u *upload) hurry() { time.AfterFunc(hurryGrace, u.cancel) }

// complete turns the parts into the object, unless its key is taken.
func (u *upload) complete(ctx context.Context, size int64) (modTime time.Time, err error) {
	parts := make([]types.CompletedPart, len(u.parts))
	for i, part := range u.parts {
		parts[i] = *part
	}
	out, err := u.s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.s.bucket, Key: &u.object, UploadId: &u.id, IfNoneMatch: u.s.opts.createOnly(),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}, MpuObjectSize: &size,
	})
	if err != nil {
		return time.Time{}, err
	}
	return answered(out.ResultMetadata), nil
}

// abort removes the upload, also where the context that started it has ended.
func (u *upload) abort() error {
	u.hurry()
	_ = u.flight.Wait()
	ctx, done := context.WithTimeout(context.WithoutCancel(u.ctx), abortTimeout)
	defer done()
	return u.s.abortUpload(ctx, u.object, u.id)
}

// abortUpload removes an upload; one that is gone already is not an error.
func (s *Store) abortUpload(ctx context.Context, object, id string) error {
	_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: &object, UploadId: &id})
	if errorCode(err) == codeNoSuchUpload {
		return nil
	}
	return err
}
