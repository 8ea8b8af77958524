package sqlrepo

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/jmoiron/sqlx"
)

type postgres struct{}

func (postgres) name() string { return "postgres" }

func (postgres) at(t time.Time) any { return t }

func (postgres) skipLocked() string { return " FOR UPDATE SKIP LOCKED" }

// enter sets what the row-level security policies compare with, for this
// transaction only.
func (postgres) enter(ctx context.Context, tx *sqlx.Tx, tenantID string) error {
	_, err := tx.ExecContext(ctx, `SELECT set_config('attachment.tenant_id', $1, true)`, tenantID)
	return err
}

func (d postgres) read(ctx context.Context, r *Repository, tenantID string, fn func(q querier) error) error {
	return r.once(ctx, func(tx *sqlx.Tx) error {
		if err := d.enter(ctx, tx, tenantID); err != nil {
			return err
		}
		return fn(tx)
	})
}

// purge is one statement: nobody waits long for the contents that it locks. It
// locks them in the order in which a convoy does, of their hashes.
func (postgres) purge(ctx context.Context, tx *sqlx.Tx, ended string, args []any, now any) (records int, err error) {
	err = tx.GetContext(ctx, &records, tx.Rebind(`WITH ended AS MATERIALIZED (`+ended+`),
		gone AS (
			DELETE FROM email_attachments AS r USING ended AS e WHERE r.id = e.id AND r.tenant_id = e.tenant_id
		), lost AS MATERIALIZED (
			SELECT c.tenant_id, c.id, e.n
			FROM (SELECT tenant_id, content, count(*) AS n FROM ended GROUP BY tenant_id, content) AS e
			JOIN attachment_contents AS c ON c.id = e.content AND c.tenant_id = e.tenant_id
			ORDER BY c.tenant_id, c.content_hash FOR UPDATE OF c
		), fewer AS (
			UPDATE attachment_contents AS c
			SET refs = c.refs - l.n, state = CASE WHEN c.refs = l.n THEN 'deleting' ELSE c.state END, updated_at = ?
			FROM lost AS l WHERE c.id = l.id AND c.tenant_id = l.tenant_id
		)
		SELECT count(*) FROM ended`), append(args, now)...)
	return records, err
}

func (postgres) begin(ctx context.Context, r *Repository, tenantID string, drafts []draft) ([]reply, error) {
	return callFunction(ctx, r, `SELECT attachment_begin($1, d) FROM jsonb_array_elements($2) AS d`, tenantID, drafts)
}

func (postgres) finish(ctx context.Context, r *Repository, tenantID string, drafts []draft) ([]reply, error) {
	return callFunction(ctx, r, `SELECT attachment_finish($1, d) FROM jsonb_array_elements($2) AS d`, tenantID, drafts)
}

// callFunction calls a function for each draft, one after another: every call
// sees what those before it did.
func callFunction(ctx context.Context, r *Repository, query, tenantID string, drafts []draft) ([]reply, error) {
	argument, err := json.Marshal(drafts)
	if err != nil {
		return nil, err
	}
	rows, err := r.db.QueryContext(ctx, query, tenantID, string(argument))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	answers := make([]reply, 0, len(drafts))
	for rows.Next() {
		var raw sql.RawBytes
		var answer reply
		if err := rows.Scan(&raw); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, &answer); err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	return answers, rows.Err()
}
