package attachmenttest

import (
	"context"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

var _ attachment.UsageReporter = (*Repository)(nil)

// Usage implements attachment.UsageReporter.
func (r *Repository) Usage(ctx context.Context) (u attachment.Usage, err error) {
	tenantID, unlock, err := r.lock(ctx)
	if err != nil {
		return u, err
	}
	defer unlock()
	for _, c := range r.contents {
		if c.TenantID != tenantID || c.State != attachment.ContentStored {
			continue
		}
		u.Records += int64(c.References)
		u.Contents++
		u.ReferencedBytes += int64(c.References) * c.Size
		u.StoredBytes += c.Size
		if c.due == nil {
			continue
		}
		u.Pending++
		if u.OldestPending.IsZero() || c.pendingSince.Before(u.OldestPending) {
			u.OldestPending = c.pendingSince
		}
	}
	return u, nil
}
