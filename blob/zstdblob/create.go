package zstdblob

import (
	"context"
	"maps"
	"strconv"

	"github.com/klauspost/compress/zstd"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/transform"
)

// Create implements blob.Store. What is not compressible gets the Writer of
// the store inside.
func (s *Store) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	o, err := opts.Resolve()
	if err == nil {
		err = refuseOwnMetadata(o.Metadata)
	}
	if err != nil {
		return nil, transform.Fail("create", key, err)
	}
	if !s.compressible(o.ContentType) {
		return s.inner.Create(ctx, key, &o)
	}
	inner, err := s.inner.Create(ctx, key, &blob.WriteOptions{ContentType: o.ContentType, Metadata: storedMetadata(o)})
	if err != nil {
		return nil, err
	}
	encoder := s.encoders.Get().(*zstd.Encoder)
	encoder.Reset(inner)
	return transform.NewWriter(inner, key, o, transform.Steps{
		Through: encoder,
		Finish: func(size int64, sha256 []byte) error {
			if err := encoder.Close(); err != nil { // ends the frame
				return err
			}
			_, err := inner.Write(trailer(size, sha256))
			return err
		},
		Describe: withoutOwn,
		Release: func() {
			encoder.Reset(nil)
			s.encoders.Put(encoder)
		},
	}), nil
}

func storedMetadata(o blob.WriteOptions) map[string]string {
	m := map[string]string{metaSize: unknownSize}
	if o.Size > 0 {
		m[metaSize] = strconv.FormatInt(o.Size, 10)
		if o.SHA256 != "" {
			m[metaDigest] = o.SHA256
		}
	}
	maps.Copy(m, o.Metadata)
	return m
}
