package attachment

import (
	"context"
	"errors"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// UsageReporter is what a Repository may offer besides the port: figures of one
// tenant. sqlrepo and attachmenttest do.
type UsageReporter interface {
	// Usage sums up what the tenant in ctx keeps. Its cost grows with that
	// tenant's contents, not with anybody else's.
	Usage(ctx context.Context) (Usage, error)
}

// Usage is what a tenant keeps. Deleted attachments count until they are
// removed for good: so long they take their space.
type Usage struct {
	Records         int64 `json:"records"`         // attachments
	Contents        int64 `json:"contents"`        // blobs they share
	ReferencedBytes int64 `json:"referencedBytes"` // of all attachments, each counted in full
	StoredBytes     int64 `json:"storedBytes"`     // of the blobs; the difference is what deduplication saves

	Pending       int64     `json:"pending"`                // contents that wait for a verdict, a new one included
	OldestPending time.Time `json:"oldestPending,omitzero"` // since when the first of them waits
}

// Usage sums up what the tenant keeps. It takes tenant.Admin, and returns
// errors.ErrUnsupported if the repository is no UsageReporter.
func (h *AttachmentHandler) Usage(ctx context.Context) (Usage, error) {
	if _, err := permit(ctx, tenant.Admin, ""); err != nil {
		return Usage{}, err
	}
	reporter, ok := h.repo.(UsageReporter)
	if !ok {
		return Usage{}, errors.ErrUnsupported
	}
	return reporter.Usage(ctx)
}
