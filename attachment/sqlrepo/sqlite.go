package sqlrepo

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

type sqlite struct{}

func (sqlite) name() string { return "sqlite" }

func (sqlite) at(t time.Time) any { return t.UnixMicro() }

// skipLocked is empty: an immediate transaction is alone in the file.
func (sqlite) skipLocked() string { return "" }

// enter does nothing: SQLite has no row-level security, and every statement
// names its tenant.
func (sqlite) enter(context.Context, *sqlx.Tx, string) error { return nil }

// read takes no transaction: here every transaction takes the write lock.
func (sqlite) read(_ context.Context, r *Repository, _ string, fn func(q querier) error) error {
	return fn(r.db)
}

func (sqlite) purge(ctx context.Context, tx *sqlx.Tx, ended string, args []any, now any) (records int, err error) {
	var rows []struct {
		TenantID string `db:"tenant_id"`
		ID       string `db:"id"`
		Content  string `db:"content"`
	}
	if err := tx.SelectContext(ctx, &rows, ended, args...); err != nil {
		return 0, err
	}
	for _, row := range rows {
		if _, err := exec(ctx, tx, `DELETE FROM email_attachments WHERE tenant_id = ? AND id = ?`, row.TenantID, row.ID); err != nil {
			return 0, err
		}
		if _, err := exec(ctx, tx, `UPDATE attachment_contents
			SET refs = refs - 1, state = CASE WHEN refs = 1 THEN 'deleting' ELSE state END, updated_at = ?
			WHERE tenant_id = ? AND id = ?`, now, row.TenantID, row.Content); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

func (sqlite) begin(ctx context.Context, r *Repository, tenantID string, drafts []draft) ([]reply, error) {
	return oneByOne(ctx, r, tenantID, drafts, beginOne)
}

func (sqlite) finish(ctx context.Context, r *Repository, tenantID string, drafts []draft) ([]reply, error) {
	return oneByOne(ctx, r, tenantID, drafts, finishOne)
}

type stepOne func(ctx context.Context, tx *sqlx.Tx, tenantID string, d draft) (reply, error)

// oneByOne takes some drafts through a step in one transaction.
func oneByOne(ctx context.Context, r *Repository, tenantID string, drafts []draft, step stepOne) (answers []reply, err error) {
	err = r.once(ctx, func(tx *sqlx.Tx) error {
		for _, d := range drafts {
			answer, err := step(ctx, tx, tenantID, d)
			if err != nil {
				return err
			}
			answers = append(answers, answer)
		}
		return nil
	})
	return answers, err
}

// beginOne mirrors the PostgreSQL function attachment_begin.
func beginOne(ctx context.Context, tx *sqlx.Tx, tenantID string, d draft) (reply, error) {
	known, err := findRecord(ctx, tx, tenantID, d.ID)
	if known != nil || err != nil {
		return reply{Outcome: outcomeReplayed, Record: known}, err
	}
	if d.Shared {
		stored, err := findContent(ctx, tx, `tenant_id = ? AND content_hash = ? AND shared AND state = 'stored'`, tenantID, d.ContentHash)
		if err != nil {
			return reply{}, err
		}
		if stored != nil {
			return attach(ctx, tx, stored.ID, d, outcomeAttached)
		}
	}
	intent, err := findContent(ctx, tx, `tenant_id = ? AND content_hash = ? AND state = 'storing' AND (shared AND ? OR record_id = ?)
		AND instr(?, id) = 0 ORDER BY id = ? DESC, updated_at DESC LIMIT 1`,
		tenantID, d.ContentHash, d.Shared, d.ID, strings.Join(d.GivenUp, " "), d.Content)
	switch {
	case err != nil:
		return reply{}, err
	case intent != nil && intent.ID == d.Content: // the answer to an earlier call got lost
		return reply{Outcome: outcomeFresh}, nil
	case intent != nil:
		return reply{Outcome: outcomeBusy, Content: intent}, nil
	}
	written, err := tx.NamedExecContext(ctx, `INSERT INTO attachment_contents (tenant_id, id, record_id, content_hash, size, storage_key, backend,
			shared, state, safe_filename, mime_type, created_at, updated_at)
		VALUES (:tenant_id, :content, :id, :content_hash, :size, :storage_key, :backend,
			:shared, 'storing', :safe_filename, :mime_type, :created_at, :created_at)
		ON CONFLICT (id, tenant_id) DO NOTHING`, d)
	if err != nil {
		return reply{}, err
	}
	if n, err := written.RowsAffected(); n == 0 {
		return reply{Outcome: outcomeGone}, err
	}
	return reply{Outcome: outcomeFresh}, nil
}

// finishOne mirrors the PostgreSQL function attachment_finish.
func finishOne(ctx context.Context, tx *sqlx.Tx, tenantID string, d draft) (reply, error) {
	mine, err := findContent(ctx, tx, `tenant_id = ? AND id = ?`, tenantID, d.Content)
	if err != nil {
		return reply{}, err
	}
	known, err := findRecord(ctx, tx, tenantID, d.ID)
	if err != nil {
		return reply{}, err
	}
	var winner *contentRow
	if known == nil && d.Shared {
		winner, err = findContent(ctx, tx, `tenant_id = ? AND content_hash = ? AND shared AND state = 'stored'`, tenantID, d.ContentHash)
		if err != nil {
			return reply{}, err
		}
	}
	storing := mine != nil && mine.State == "storing"
	// One that lost its references meanwhile, and that no sweeper has, is as good as new.
	revived := mine != nil && mine.State == "deleting" && mine.GarbageLease.IsZero()
	if storing && (known != nil || winner != nil) {
		if err := condemn(ctx, tx, d); err != nil { // this blob is one too many
			return reply{}, err
		}
	}
	switch {
	case known != nil:
		return reply{Outcome: outcomeReplayed, Record: known}, nil
	case winner != nil:
		return attach(ctx, tx, winner.ID, d, outcomeAttached)
	case storing || revived:
		return attach(ctx, tx, d.Content, d, outcomeStored)
	case mine != nil && mine.State == "stored":
		return attach(ctx, tx, d.Content, d, outcomeAttached)
	}
	return reply{Outcome: outcomeGone}, nil
}

// attach mirrors the PostgreSQL function attachment_attach.
func attach(ctx context.Context, tx *sqlx.Tx, content string, d draft, outcome string) (reply, error) {
	d.Content, d.Deduplicated = content, outcome == outcomeAttached
	_, err := tx.NamedExecContext(ctx, `UPDATE attachment_contents SET state = 'stored', refs = refs + 1
		WHERE tenant_id = :tenant_id AND id = :content`, d)
	if err == nil && d.Scan {
		_, err = tx.NamedExecContext(ctx, `UPDATE attachment_contents
			SET scan_status = 'pending', scan_due = :created_at, pending_since = :created_at, scanner = :scanner, priority = :priority
			WHERE tenant_id = :tenant_id AND id = :content AND scan_status = 'skipped' AND scanned_at IS NULL`, d)
	}
	if err == nil {
		_, err = tx.NamedExecContext(ctx, `INSERT INTO email_attachments (tenant_id, id, user_id, message_id, filename, safe_filename,
				mime_type, declared_mime_type, size, content_id, is_inline, position, is_deduplicated, content,
				retention_expires_at, created_at, updated_at)
			VALUES (:tenant_id, :id, :user_id, :message_id, :filename, :safe_filename,
				:mime_type, :declared_mime_type, :size, :content_id, :is_inline, :position, :is_deduplicated, :content,
				:retention_expires_at, :created_at, :created_at)`, d)
	}
	if err != nil {
		return reply{}, err
	}
	row, err := findContent(ctx, tx, `tenant_id = ? AND id = ?`, d.TenantID, content)
	return reply{Outcome: outcome, Content: row}, err
}

// condemn leaves the content of a draft to the sweeper.
func condemn(ctx context.Context, tx *sqlx.Tx, d draft) error {
	_, err := tx.ExecContext(ctx, `UPDATE attachment_contents SET state = 'deleting', updated_at = ? WHERE tenant_id = ? AND id = ?`,
		d.CreatedAt, d.TenantID, d.Content)
	return err
}

// findRecord returns a record, or nil.
func findRecord(ctx context.Context, tx *sqlx.Tx, tenantID, id string) (*recordRow, error) {
	return find[recordRow](ctx, tx, `SELECT `+recordColumns+` FROM `+recordTables+` WHERE r.tenant_id = ? AND r.id = ?`, tenantID, id)
}

// findContent returns the content that a condition selects, or nil.
func findContent(ctx context.Context, tx *sqlx.Tx, where string, args ...any) (*contentRow, error) {
	return find[contentRow](ctx, tx, `SELECT `+contentColumns+` FROM attachment_contents WHERE `+where, args...)
}

func find[Row any](ctx context.Context, tx *sqlx.Tx, query string, args ...any) (*Row, error) {
	var row Row
	err := get(ctx, tx, &row, attachment.ErrNotFound, query, args...)
	if errors.Is(err, attachment.ErrNotFound) {
		return nil, nil
	}
	return &row, err
}
