package sqlrepo

import (
	"context"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

var _ attachment.UsageReporter = (*Repository)(nil)

// Usage implements attachment.UsageReporter. The contents know how many records
// refer to them, and all of those have their size; so one range of an index
// that begins with the tenant tells everything.
func (r *Repository) Usage(ctx context.Context) (attachment.Usage, error) {
	var row struct {
		Records    int64  `db:"records"`
		Contents   int64  `db:"contents"`
		Referenced int64  `db:"referenced"`
		Stored     int64  `db:"stored"`
		Pending    int64  `db:"pending"`
		Oldest     moment `db:"oldest"`
	}
	err := r.forTenant(ctx, "usage", func(q querier, tenantID string) error {
		return q.GetContext(ctx, &row, q.Rebind(`SELECT
				COALESCE(sum(refs), 0) AS records, count(*) AS contents,
				CAST(COALESCE(sum(refs * size), 0) AS bigint) AS referenced, CAST(COALESCE(sum(size), 0) AS bigint) AS stored,
				count(scan_due) AS pending, min(CASE WHEN scan_due IS NOT NULL THEN pending_since END) AS oldest
			FROM attachment_contents WHERE tenant_id = ? AND state = 'stored'`), tenantID)
	})
	return attachment.Usage{
		Records: row.Records, Contents: row.Contents, ReferencedBytes: row.Referenced, StoredBytes: row.Stored,
		Pending: row.Pending, OldestPending: row.Oldest.Time,
	}, err
}
