package sqlrepo

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// ended selects the records whose end has come.
func (r *Repository) ended(q attachment.PurgeQuery) (where string, args []any) {
	switch {
	case q.SharedWith != "":
		return `NOT legal_hold AND tenant_id = ? AND content = (SELECT content FROM email_attachments WHERE tenant_id = ? AND id = ?)`,
			[]any{q.TenantID, q.TenantID, q.SharedWith}
	case q.TenantID != "":
		return `tenant_id = ?`, []any{q.TenantID}
	}
	return `NOT legal_hold AND (retention_expires_at <= ? OR deleted_at < ?)`,
		[]any{r.dialect.at(q.Now), r.dialect.at(q.DeletedBefore)}
}

// Purge implements attachment.ReclaimRepository. Rows that another host is
// purging are passed over.
func (r *Repository) Purge(ctx context.Context, q attachment.PurgeQuery) (records int, err error) {
	where, args := r.ended(q)
	err = r.inSystem(ctx, "purge", func(tx *sqlx.Tx) error {
		records = 0
		if q.DryRun {
			return tx.GetContext(ctx, &records, tx.Rebind(
				fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM email_attachments WHERE %s LIMIT %d) AS ended`, where, q.Limit)), args...)
		}
		order, args := "id", args
		if q.SharedWith != "" { // the record that names the others goes last
			order, args = "id = ?, id", append(args, q.SharedWith)
		}
		var err error
		records, err = r.dialect.purge(ctx, tx, fmt.Sprintf(`SELECT tenant_id, id, content FROM email_attachments
			WHERE %s ORDER BY tenant_id, content, %s LIMIT %d%s`, where, order, q.Limit, r.dialect.skipLocked()), args, r.dialect.at(q.Now))
		return err
	})
	return records, err
}

// Garbage implements attachment.ReclaimRepository.
func (r *Repository) Garbage(ctx context.Context, g attachment.GarbageQuery) ([]attachment.Content, error) {
	where := `(state = 'deleting' OR state = 'storing' AND updated_at < ?) AND (garbage_lease IS NULL OR garbage_lease <= ?)`
	args := []any{r.dialect.at(g.Cutoff), r.dialect.at(g.Now)}
	if g.TenantID != "" {
		where, args = where+` AND tenant_id = ?`, append(args, g.TenantID)
	}
	var rows []contentRow
	err := r.inSystem(ctx, "garbage", func(tx *sqlx.Tx) error {
		rows = nil
		query := fmt.Sprintf(`SELECT %s FROM attachment_contents
			WHERE %s ORDER BY updated_at LIMIT %d`, contentColumns, where, g.Limit)
		if !g.DryRun {
			query += r.dialect.skipLocked()
		}
		if err := tx.SelectContext(ctx, &rows, tx.Rebind(query), args...); err != nil || g.DryRun {
			return err
		}
		for _, row := range rows {
			if _, err := exec(ctx, tx, `UPDATE attachment_contents SET state = 'deleting', garbage_lease = ? WHERE tenant_id = ? AND id = ?`,
				r.dialect.at(g.Now.Add(g.Lease)), row.TenantID, row.ID); err != nil {
				return err
			}
		}
		return nil
	})
	found := make([]attachment.Content, len(rows))
	for i := range rows {
		found[i] = rows[i].content()
	}
	return found, err
}

// Forget implements attachment.ReclaimRepository.
func (r *Repository) Forget(ctx context.Context, c attachment.Content) error {
	return r.inSystem(ctx, "forget", func(tx *sqlx.Tx) error {
		_, err := exec(ctx, tx, `DELETE FROM attachment_contents WHERE tenant_id = ? AND id = ? AND state = 'deleting'`, c.TenantID, c.ID)
		return err
	})
}

// KnownKeys implements attachment.ReclaimRepository.
func (r *Repository) KnownKeys(ctx context.Context, tenantID string, keys []string) (map[string]bool, error) {
	known := map[string]bool{}
	if len(keys) == 0 {
		return known, nil
	}
	query, args, err := sqlx.In(`SELECT storage_key FROM attachment_contents WHERE tenant_id = ? AND storage_key IN (?)`, tenantID, keys)
	if err != nil {
		return nil, err
	}
	var found []string
	err = r.forSystem(ctx, "known keys", func(q querier) error {
		found = nil
		return q.SelectContext(ctx, &found, q.Rebind(query), args...)
	})
	for _, key := range found {
		known[key] = true
	}
	return known, err
}

// Installation implements attachment.ReclaimRepository.
func (r *Repository) Installation(ctx context.Context) (id string, contents int64, err error) {
	err = r.forSystem(ctx, "installation", func(q querier) error {
		if err := q.GetContext(ctx, &id, `SELECT id FROM attachment_installation`); err != nil {
			return err
		}
		return q.GetContext(ctx, &contents, `SELECT count(*) FROM attachment_contents`)
	})
	return id, contents, err
}

// Cancel implements attachment.IngestRepository.
func (r *Repository) Cancel(ctx context.Context, d attachment.Draft, now time.Time, lease time.Duration) error {
	return r.inTenant(ctx, "cancel", func(tx *sqlx.Tx, tenantID string) error {
		n, err := exec(ctx, tx, `UPDATE attachment_contents SET state = 'deleting', garbage_lease = ?, updated_at = ?
			WHERE tenant_id = ? AND id = ? AND state = 'storing'`, r.dialect.at(now.Add(lease)), r.dialect.at(now), tenantID, d.Content.ID)
		if err == nil && n == 0 {
			err = attachment.ErrConflict
		}
		return err
	})
}
