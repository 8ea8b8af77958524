package s3blob

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// Copy lets S3 copy src to dst: in one request up to 5 GiB, in parts above.
//
// It asks whether dst is taken before it begins, and asks S3 to refuse a taken
// dst as well. Where a compatible ignores or refuses that condition on a copy,
// a Commit or Copy that takes dst in between is overwritten.
func (s *Store) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	from, err := s.object("copy", src)
	if err != nil {
		return blob.Info{}, err
	}
	to, err := s.object("copy", dst)
	if err != nil {
		return blob.Info{}, err
	}
	d, err := s.head(ctx, from)
	if notFound(err) {
		return blob.Info{}, fail("copy", src, err)
	}
	if err != nil {
		return blob.Info{}, fail("copy", dst, err)
	}
	if err := s.refuseTaken(ctx, to); err != nil {
		return blob.Info{}, fail("copy", dst, err)
	}
	d.token = rand.Text()
	c := &objectCopy{s: s, from: copySource(s.bucket, from), to: to, d: d}
	if d.modTime, err = c.run(ctx); err != nil {
		return blob.Info{}, fail("copy", dst, err)
	}
	return d.info(dst), nil
}

// copySource renders the header x-amz-copy-source. S3 reads a '+' in it as a
// space, as in a form.
func copySource(bucket, object string) string {
	return bucket + "/" + strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(object))
}

// The server checks what it copies from itself. versitygw 1.8 would also take
// the source's checksum for that of each part.
const noChecksum types.ChecksumAlgorithm = ""

// objectCopy is one copy under way.
type objectCopy struct {
	s    *Store
	from string // as copySource renders it
	to   string
	d    description
}

func (c *objectCopy) run(ctx context.Context) (time.Time, error) {
	if c.d.size <= c.s.maxCopy {
		return c.s.publish(ctx, c.to, c.d.token, c.whole)
	}
	u, err := c.s.startUpload(ctx, c.to, c.d, noChecksum)
	if err != nil {
		return time.Time{}, err
	}
	var modTime time.Time
	if err = c.parts(ctx, u); err == nil {
		modTime, err = c.s.publish(ctx, c.to, c.d.token, func(ctx context.Context) (time.Time, error) { return u.complete(ctx, c.d.size) })
	}
	if err != nil {
		_ = u.abort() // the failure is what counts; Reclaim sweeps
	}
	return modTime, err
}

// whole copies in one request. A compatible that has no condition on copies
// says 501; then the question asked before has to do.
func (c *objectCopy) whole(ctx context.Context) (time.Time, error) {
	o := &c.s.opts
	in := &s3.CopyObjectInput{
		Bucket: &c.s.bucket, Key: &c.to, CopySource: &c.from, IfNoneMatch: o.createOnly(),
		ContentType: &c.d.contentType, Metadata: c.d.stored(), MetadataDirective: types.MetadataDirectiveReplace,
		Tagging: o.tagging(), TaggingDirective: types.TaggingDirectiveReplace, StorageClass: o.StorageClass,
		ServerSideEncryption: o.Encryption, SSEKMSKeyId: o.kmsKeyID(), BucketKeyEnabled: o.bucketKey(),
	}
	out, err := c.s.client.CopyObject(ctx, in)
	if errorCode(err) == codeNotImplemented && in.IfNoneMatch != nil {
		in.IfNoneMatch = nil
		out, err = c.s.client.CopyObject(ctx, in)
	}
	if err != nil {
		return time.Time{}, err
	}
	if out.CopyObjectResult == nil || out.CopyObjectResult.LastModified == nil {
		return answered(out.ResultMetadata), nil
	}
	return *out.CopyObjectResult.LastModified, nil
}

// copyPart is large because no byte of it passes through here.
const copyPart = 512 << 20

// parts copies range by range into u.
func (c *objectCopy) parts(ctx context.Context, u *upload) error {
	step := min(max(copyPart, c.d.size/maxParts+1), c.s.maxCopy)
	for offset := int64(0); offset < c.d.size; offset += step {
		bytes := fmt.Sprintf("bytes=%d-%d", offset, min(offset+step, c.d.size)-1)
		err := u.start(func(part *types.CompletedPart) error {
			out, err := c.s.client.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
				Bucket: &c.s.bucket, Key: &c.to, UploadId: &u.id, PartNumber: part.PartNumber,
				CopySource: &c.from, CopySourceRange: &bytes,
			})
			if err != nil {
				return err
			}
			part.ETag = out.CopyPartResult.ETag
			return nil
		})
		if err != nil {
			return err
		}
	}
	return u.flight.Wait()
}
