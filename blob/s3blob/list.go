package s3blob

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// List yields key, size and modification time; S3 lists no more. Objects whose
// names are no valid keys, as consoles make them for folders, are skipped.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: aws.String(s.opts.Prefix + prefix)}
		for page := s3.NewListObjectsV2Paginator(s.client, in); page.HasMorePages(); {
			out, err := page.NextPage(ctx)
			if err != nil {
				yield(blob.Info{}, fail("list", prefix, err))
				return
			}
			for _, object := range out.Contents {
				key := strings.TrimPrefix(aws.ToString(object.Key), s.opts.Prefix)
				if blob.ValidateKey(key) != nil {
					continue
				}
				if !yield(blob.Info{Key: key, Size: aws.ToInt64(object.Size), ModTime: aws.ToTime(object.LastModified)}, nil) {
					return
				}
			}
		}
	}
}

// Reclaim aborts the multipart uploads under the store's prefix that began
// before cutoff; a process that dies leaves them behind, and S3 bills them.
// Without a prefix those are all of the bucket's.
func (s *Store) Reclaim(ctx context.Context, cutoff time.Time) (removed int, err error) {
	in := &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: &s.opts.Prefix}
	for page := s3.NewListMultipartUploadsPaginator(s.client, in); page.HasMorePages(); {
		out, err := page.NextPage(ctx)
		if err != nil {
			return removed, fail("reclaim", "", err)
		}
		for _, upload := range out.Uploads {
			if !aws.ToTime(upload.Initiated).Before(cutoff) {
				continue
			}
			if err := s.abortUpload(ctx, aws.ToString(upload.Key), aws.ToString(upload.UploadId)); err != nil {
				return removed, fail("reclaim", strings.TrimPrefix(aws.ToString(upload.Key), s.opts.Prefix), err)
			}
			removed++
		}
	}
	return removed, nil
}
