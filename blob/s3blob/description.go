package s3blob

import (
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// The store's own entries among an object's metadata.
const (
	metaToken  = "blob-write"  // which Writer made the object
	metaSHA256 = "blob-sha256" // lower-case hex
)

// description is what S3 keeps beside an object's bytes, the store's own
// entries taken apart from the caller's.
type description struct {
	size        int64
	contentType string
	modTime     time.Time
	metadata    map[string]string // nil if empty
	sha256      string            // "" if unknown
	token       string
}

func newDescription(size *int64, contentType *string, modTime *time.Time, metadata map[string]string) description {
	d := description{
		size: aws.ToInt64(size), contentType: aws.ToString(contentType), modTime: aws.ToTime(modTime),
		sha256: metadata[metaSHA256], token: metadata[metaToken],
	}
	for k, v := range metadata {
		if k != metaSHA256 && k != metaToken {
			if d.metadata == nil {
				d.metadata = make(map[string]string, len(metadata))
			}
			d.metadata[k] = v
		}
	}
	return d
}

func (d description) info(key string) blob.Info {
	return blob.Info{
		Key: key, Size: d.size, ContentType: d.contentType, SHA256: d.sha256,
		ModTime: d.modTime, Metadata: d.metadata,
	}
}

// stored returns the metadata to send, the store's own entries included.
func (d description) stored() map[string]string {
	m := make(map[string]string, len(d.metadata)+2)
	maps.Copy(m, d.metadata)
	m[metaToken] = d.token
	if d.sha256 != "" {
		m[metaSHA256] = d.sha256
	}
	return m
}

// checkMetadata refuses what would collide with the store's own entries or
// leave no room for them.
func checkMetadata(metadata map[string]string) error {
	total := len(metaToken) + tokenLen + len(metaSHA256) + 64
	for k, v := range metadata {
		if k == metaToken || k == metaSHA256 {
			return fmt.Errorf("%w: metadata %q is the store's own", blob.ErrInvalidOptions, k)
		}
		total += len(k) + len(v)
	}
	if total > blob.MaxMetadataBytes {
		return fmt.Errorf("%w: %d bytes of metadata with the store's own, more than %d", blob.ErrInvalidOptions, total, blob.MaxMetadataBytes)
	}
	return nil
}
