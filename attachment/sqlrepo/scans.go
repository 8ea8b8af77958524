package sqlrepo

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// ClaimScan implements attachment.ScanRepository.
func (r *Repository) ClaimScan(ctx context.Context, job scan.Job, token string, now time.Time, lease time.Duration) (attachment.Content, scan.Job, error) {
	var row contentRow
	err := r.inSystem(ctx, "claim scan", func(tx *sqlx.Tx) error {
		n, err := exec(ctx, tx, `UPDATE attachment_contents
			SET scan_attempts = scan_attempts + 1, scan_token = ?, scan_lease = ?
			WHERE tenant_id = ? AND id = ? AND state = 'stored' AND scan_due <= ? AND (scan_lease IS NULL OR scan_lease <= ?)`,
			token, r.dialect.at(now.Add(lease)), job.TenantID, job.ContentID, r.dialect.at(now), r.dialect.at(now))
		if err != nil {
			return err
		}
		if n == 0 {
			return scan.ErrNotDue
		}
		return get(ctx, tx, &row, scan.ErrNotDue,
			`SELECT `+contentColumns+` FROM attachment_contents WHERE tenant_id = ? AND id = ?`, job.TenantID, job.ContentID)
	})
	return row.content(), row.job(), err
}

// SettleScan implements attachment.ScanRepository.
func (r *Repository) SettleScan(ctx context.Context, claim scan.Claim, outcome scan.Outcome, now time.Time) error {
	details, err := json.Marshal(outcome.Result)
	if err != nil {
		return err
	}
	const mine = ` WHERE tenant_id = ? AND id = ? AND scan_token = ?`
	who := []any{claim.Job.TenantID, claim.Job.ContentID, claim.Token}
	at := r.dialect.at
	return r.inSystem(ctx, "settle scan", func(tx *sqlx.Tx) (err error) {
		var n int64
		switch outcome.Status {
		case scan.StatusPending:
			n, err = exec(ctx, tx, `UPDATE attachment_contents
				SET scan_due = ?, scan_error = ?, scan_token = '', scan_lease = NULL, updated_at = ?`+mine,
				append([]any{at(outcome.NextAt), outcome.Err, at(now)}, who...)...)
		case scan.StatusError:
			// A rescan that came to nothing leaves the verdict that stands.
			n, err = exec(ctx, tx, `UPDATE attachment_contents
				SET scan_status = CASE WHEN scanned_at IS NULL THEN ? ELSE scan_status END,
					scan_result = CASE WHEN scanned_at IS NULL THEN ? ELSE scan_result END,
					scanned_at = COALESCE(scanned_at, ?),
					scan_due = NULL, scan_attempts = 0, scan_error = ?, scan_token = '', scan_lease = NULL, updated_at = ?`+mine,
				append([]any{outcome.Status, string(details), at(now), outcome.Err, at(now)}, who...)...)
		default:
			n, err = exec(ctx, tx, `UPDATE attachment_contents
				SET scan_status = ?, scan_result = ?, scanned_at = ?,
					scan_due = NULL, scan_attempts = 0, scan_error = '', scan_token = '', scan_lease = NULL, updated_at = ?`+mine,
				append([]any{outcome.Status, string(details), at(now), at(now)}, who...)...)
		}
		if err == nil && n == 0 {
			err = scan.ErrNotDue
		}
		return err
	})
}

// DueScans implements attachment.ScanRepository.
func (r *Repository) DueScans(ctx context.Context, now time.Time, limit int) ([]scan.Job, error) {
	var rows []contentRow
	err := r.inSystem(ctx, "due scans", func(tx *sqlx.Tx) error {
		rows = nil
		return tx.SelectContext(ctx, &rows, tx.Rebind(`SELECT `+contentColumns+` FROM attachment_contents
			WHERE scan_due <= ? AND state = 'stored' AND (scan_lease IS NULL OR scan_lease <= ?)
			ORDER BY scan_due, id LIMIT ?`), r.dialect.at(now), r.dialect.at(now), limit)
	})
	jobs := make([]scan.Job, len(rows))
	for i := range rows {
		jobs[i] = rows[i].job()
	}
	return jobs, err
}

// ScanBacklog implements attachment.ScanRepository.
func (r *Repository) ScanBacklog(ctx context.Context) (scan.Backlog, error) {
	var row struct {
		Pending int64  `db:"pending"`
		Oldest  moment `db:"oldest"`
	}
	err := r.inSystem(ctx, "scan backlog", func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &row, `SELECT count(*) AS pending, min(pending_since) AS oldest
			FROM attachment_contents WHERE scan_due IS NOT NULL AND state = 'stored'`)
	})
	return scan.Backlog{Pending: row.Pending, Oldest: row.Oldest.Time}, err
}

// RequestScan implements attachment.ScanRepository.
func (r *Repository) RequestScan(ctx context.Context, id string, now time.Time) (scan.Job, error) {
	var row recordRow
	at := r.dialect.at(now)
	err := r.changeContent(ctx, "request scan", id, &row, `UPDATE attachment_contents
		SET scan_due = ?, pending_since = ?, scan_attempts = 0,
			scan_status = CASE WHEN scanned_at IS NULL THEN 'pending' ELSE scan_status END`, at, at)
	return row.job(), err
}

// SetVerdict implements attachment.ScanRepository.
func (r *Repository) SetVerdict(ctx context.Context, id string, status scan.Status, result scan.Result, now time.Time) (attachment.EmailAttachment, error) {
	details, err := json.Marshal(result)
	if err != nil {
		return attachment.EmailAttachment{}, err
	}
	var row recordRow
	err = r.changeContent(ctx, "set verdict", id, &row, `UPDATE attachment_contents
		SET scan_status = ?, scan_result = ?, scanned_at = ?, scan_due = NULL, scan_attempts = 0, scan_token = '', scan_lease = NULL, updated_at = ?`,
		status, string(details), r.dialect.at(now), r.dialect.at(now))
	return row.record(), err
}

// changeContent updates the content of a record and reads the record back.
func (r *Repository) changeContent(ctx context.Context, op, id string, row *recordRow, update string, args ...any) error {
	return r.inTenant(ctx, op, func(tx *sqlx.Tx, tenantID string) error {
		if err := getRecord(ctx, tx, row, tenantID, id); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, update+` WHERE tenant_id = ? AND id = ?`, append(args, tenantID, row.Content)...); err != nil {
			return err
		}
		*row = recordRow{}
		return getRecord(ctx, tx, row, tenantID, id)
	})
}
