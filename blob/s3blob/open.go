package s3blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// Open sends one GET, or a HEAD for a length of zero.
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	object, err := s.object("open", key)
	if err != nil {
		return nil, err
	}
	if offset < 0 || length == 0 {
		return s.openNothing(ctx, key, object, offset)
	}
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &object, Range: byteRange(offset, length)}
	out, err := s.client.GetObject(ctx, in)
	switch err := fail("open", key, err); {
	case errors.Is(err, blob.ErrInvalidRange) || statusCode(err) == http.StatusRequestedRangeNotSatisfiable:
		// S3 answers 416 also where nothing is left to read: at the very end.
		return s.openNothing(ctx, key, object, offset)
	case err != nil:
		return nil, err
	}
	size, err := wholeSize(in.Range, out)
	if err != nil {
		out.Body.Close()
		return nil, &blob.Error{Op: "open", Key: key, Err: err}
	}
	info := newDescription(&size, out.ContentType, out.LastModified, out.Metadata).info(key)
	return blob.NewReader(info, &body{src: out.Body, key: key, left: aws.ToInt64(out.ContentLength)}), nil
}

func (s *Store) openNothing(ctx context.Context, key, object string, offset int64) (*blob.Reader, error) {
	d, err := s.head(ctx, object)
	if err != nil {
		return nil, fail("open", key, err)
	}
	if _, err := blob.CutRange(d.size, offset, 0); err != nil {
		return nil, fail("open", key, err)
	}
	return blob.NewReader(d.info(key), http.NoBody), nil
}

// byteRange renders a Range header (RFC 9110, section 14.2); nil for all.
func byteRange(offset, length int64) *string {
	switch {
	case length < 0 && offset == 0:
		return nil
	case length < 0 || offset+length < 0: // to the end, or past what int64 holds
		return aws.String(fmt.Sprintf("bytes=%d-", offset))
	}
	return aws.String(fmt.Sprintf("bytes=%d-%d", offset, offset+length-1))
}

// wholeSize is the size of the object of which out carries a part. It fails
// where the server did not honour the range, for the bytes would be wrong.
func wholeSize(asked *string, out *s3.GetObjectOutput) (int64, error) {
	if asked == nil {
		return aws.ToInt64(out.ContentLength), nil
	}
	_, total, _ := strings.Cut(aws.ToString(out.ContentRange), "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: the server ignores Range", blob.ErrUnsupported)
	}
	return size, nil
}

// body counts what comes, so that a connection cut in the middle is an error
// whatever the transport makes of it.
type body struct {
	src  io.ReadCloser
	key  string
	left int64
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.src.Read(p)
	b.left -= int64(n)
	switch {
	case err == io.EOF && b.left > 0:
		err = fail("read", b.key, io.ErrUnexpectedEOF)
	case err != nil && err != io.EOF:
		err = fail("read", b.key, err)
	}
	return n, err
}

func (b *body) Close() error { return fail("read", b.key, b.src.Close()) }
