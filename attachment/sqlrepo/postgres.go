package sqlrepo

import (
	"context"
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

func (postgres) begin(ctx context.Context, r *Repository, tenantID string, d draft) (reply, error) {
	return callFunction(ctx, r, `SELECT attachment_begin($1, $2)`, tenantID, d)
}

func (postgres) finish(ctx context.Context, r *Repository, tenantID string, d draft) (reply, error) {
	return callFunction(ctx, r, `SELECT attachment_finish($1, $2)`, tenantID, d)
}

func callFunction(ctx context.Context, r *Repository, query, tenantID string, d draft) (answer reply, err error) {
	argument, err := json.Marshal(d)
	if err != nil {
		return answer, err
	}
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	var raw []byte
	if err := r.db.QueryRowContext(ctx, query, tenantID, string(argument)).Scan(&raw); err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(raw, &answer)
}
