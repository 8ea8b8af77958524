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
	if !isID(job.ContentID) {
		return attachment.Content{}, job, scan.ErrNotDue
	}
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
	job = row.job()
	job.Attempt-- // those before this one
	return row.content(), job, err
}

// ExtendScan implements attachment.ScanRepository.
func (r *Repository) ExtendScan(ctx context.Context, claim scan.Claim, now time.Time, lease time.Duration) error {
	return r.inSystem(ctx, "extend scan", func(tx *sqlx.Tx) error {
		return r.claimed(ctx, tx, claim, `scan_lease = ?`, r.dialect.at(now.Add(lease)))
	})
}

// claimed changes the content that a claim still holds.
func (r *Repository) claimed(ctx context.Context, tx *sqlx.Tx, claim scan.Claim, set string, args ...any) error {
	if !isID(claim.Job.ContentID) {
		return scan.ErrNotDue
	}
	n, err := exec(ctx, tx, `UPDATE attachment_contents SET `+set+` WHERE tenant_id = ? AND id = ? AND scan_token = ? AND scan_token <> ''`,
		append(args, claim.Job.TenantID, claim.Job.ContentID, claim.Token)...)
	if err == nil && n == 0 {
		return scan.ErrNotDue
	}
	return err
}

// SettleScan implements attachment.ScanRepository.
func (r *Repository) SettleScan(ctx context.Context, claim scan.Claim, outcome scan.Outcome, now time.Time) error {
	details, err := json.Marshal(outcome.Result)
	if err != nil {
		return err
	}
	at := r.dialect.at
	const over = `scan_token = '', scan_lease = NULL, updated_at = ?`
	return r.inSystem(ctx, "settle scan", func(tx *sqlx.Tx) error {
		switch outcome.Status {
		case scan.StatusPending:
			return r.claimed(ctx, tx, claim, `scan_due = ?, scan_error = ?,
				scan_attempts = CASE WHEN ? THEN scan_attempts - 1 ELSE scan_attempts END, `+over,
				at(outcome.NextAt), outcome.Err, outcome.Uncounted, at(now))
		case scan.StatusError:
			// A rescan that came to nothing leaves the verdict that stands.
			return r.claimed(ctx, tx, claim, `
				scan_status = CASE WHEN scanned_at IS NULL THEN ? ELSE scan_status END,
				scan_result = CASE WHEN scanned_at IS NULL THEN ? ELSE scan_result END,
				scanned_at = COALESCE(scanned_at, ?),
				scan_due = NULL, scan_attempts = 0, scan_error = ?, `+over,
				outcome.Status, string(details), at(now), outcome.Err, at(now))
		default:
			return r.claimed(ctx, tx, claim, `scan_status = ?, scan_result = ?, scan_signatures = ?, scanned_at = ?,
				scan_due = NULL, scan_attempts = 0, scan_error = '', `+over,
				outcome.Status, string(details), text(outcome.Result.Signatures), at(now), at(now))
		}
	})
}

// DueScans implements attachment.ScanRepository.
func (r *Repository) DueScans(ctx context.Context, now time.Time, limit int) ([]scan.Job, error) {
	var rows []contentRow
	err := r.forSystem(ctx, "due scans", func(q querier) error {
		rows = nil
		return q.SelectContext(ctx, &rows, q.Rebind(`SELECT `+contentColumns+` FROM (
				SELECT *, row_number() OVER (PARTITION BY tenant_id ORDER BY pending_since, id) AS turn
				FROM attachment_contents
				WHERE scan_due <= ? AND state = 'stored' AND (scan_lease IS NULL OR scan_lease <= ?)) AS due
			ORDER BY turn, pending_since, id LIMIT ?`), r.dialect.at(now), r.dialect.at(now), limit)
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
	err := r.forSystem(ctx, "scan backlog", func(q querier) error {
		return q.GetContext(ctx, &row, `SELECT count(*) AS pending, min(pending_since) AS oldest
			FROM attachment_contents WHERE scan_due IS NOT NULL AND state = 'stored'`)
	})
	return scan.Backlog{Pending: row.Pending, Oldest: row.Oldest.Time}, err
}

// RequestScan implements attachment.ScanRepository.
func (r *Repository) RequestScan(ctx context.Context, id string, now time.Time) (scan.Job, error) {
	var row recordRow
	at := r.dialect.at(now)
	err := r.changeContent(ctx, "request scan", id, &row, `UPDATE attachment_contents
		SET scan_due = ?, pending_since = ?, scan_attempts = 0, overruled = FALSE,
			scan_status = CASE WHEN scanned_at IS NULL THEN 'pending' ELSE scan_status END`, at, at)
	return row.job(), err
}

// RequestScans implements attachment.ScanRepository. It passes over contents that
// somebody is at work on: waiting for one while it holds others could go round
// in a circle.
func (r *Repository) RequestScans(ctx context.Context, q attachment.RescanQuery) (n int, err error) {
	err = r.inSystem(ctx, "request scans", func(tx *sqlx.Tx) error {
		at := r.dialect.at(q.Now)
		changed, err := exec(ctx, tx, `UPDATE attachment_contents SET scan_due = ?, pending_since = ?, scan_attempts = 0
			WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM attachment_contents
				WHERE state = 'stored' AND scan_due IS NULL AND scan_status <> 'skipped' AND NOT overruled
					AND (scanned_at < ? OR scanned_at IS NOT NULL AND ? <> '' AND scan_signatures <> ?)
				ORDER BY scanned_at LIMIT ?`+r.dialect.skipLocked()+`)`,
			at, at, r.dialect.at(q.ScannedBefore), q.Signatures, q.Signatures, q.Limit)
		n = int(changed)
		return err
	})
	return n, err
}

// SetVerdict implements attachment.ScanRepository.
func (r *Repository) SetVerdict(ctx context.Context, id string, status scan.Status, result scan.Result, now time.Time) (attachment.EmailAttachment, error) {
	details, err := json.Marshal(result)
	if err != nil {
		return attachment.EmailAttachment{}, err
	}
	var row recordRow
	err = r.changeContent(ctx, "set verdict", id, &row, `UPDATE attachment_contents
		SET overruled = TRUE, scan_status = ?, scan_result = ?, scanned_at = ?, scan_due = NULL, scan_attempts = 0, scan_token = '', scan_lease = NULL, updated_at = ?`,
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
