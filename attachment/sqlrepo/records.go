package sqlrepo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

const selectRecord = `SELECT ` + recordColumns + ` FROM ` + recordTables + ` WHERE r.tenant_id = ? AND r.id = ?`

// Get implements attachment.RecordRepository.
func (r *Repository) Get(ctx context.Context, id string) (attachment.EmailAttachment, error) {
	var row recordRow
	err := r.forTenant(ctx, "get", func(q querier, tenantID string) error {
		return getRecord(ctx, q, &row, tenantID, id)
	})
	return row.record(), err
}

// isID reports whether id is a UUID as this module writes them. Others name
// nothing; some of them PostgreSQL would call an error.
func isID(id string) bool { return len(id) == 36 && uuid.Validate(id) == nil }

// getRecord reads a record.
func getRecord(ctx context.Context, q querier, row *recordRow, tenantID, id string) error {
	if !isID(id) {
		return attachment.ErrNotFound
	}
	return get(ctx, q, row, attachment.ErrNotFound, selectRecord, tenantID, id)
}

// List implements attachment.RecordRepository, by keyset: a page costs the
// same however far down it is, and rows that come or go do not shift it.
func (r *Repository) List(ctx context.Context, q attachment.Query) (page attachment.Page, err error) {
	after, err := parseCursor(q.Cursor)
	if err != nil {
		return page, err
	}
	var rows []recordRow
	err = r.forTenant(ctx, "list", func(db querier, tenantID string) error {
		query, args, err := r.listQuery(tenantID, q, after)
		if err != nil {
			return err
		}
		rows = nil
		return db.SelectContext(ctx, &rows, db.Rebind(query), args...)
	})
	if err != nil {
		return page, err
	}
	if size := q.PageSize(); len(rows) > size {
		rows = rows[:size]
		page.Next = cursorAt(rows[size-1])
	}
	page.Records = make([]attachment.EmailAttachment, len(rows))
	for i := range rows {
		page.Records[i] = rows[i].record()
	}
	return page, nil
}

// listQuery asks for one row more than the page holds, to know whether another
// page follows.
func (r *Repository) listQuery(tenantID string, q attachment.Query, after *cursor) (string, []any, error) {
	where, args := []string{"r.tenant_id = ?"}, []any{tenantID}
	add := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if q.Deleted {
		add("r.deleted_at IS NOT NULL")
	} else {
		add("r.deleted_at IS NULL")
	}
	order := "r.created_at DESC, r.id DESC"
	if q.MessageID != "" {
		order = "r.position, r.created_at, r.id"
		add("r.message_id = ?", text(q.MessageID)) // as it was stored
	}
	if q.UserID != "" {
		add("r.user_id = ?", text(q.UserID))
	}
	if len(q.Statuses) > 0 {
		add("c.scan_status IN (?)", q.Statuses)
	}
	switch {
	case after == nil:
	case q.MessageID != "":
		add("(r.position, r.created_at, r.id) > (?, ?, ?)", after.Position, r.dialect.at(after.CreatedAt), after.ID)
	default:
		add("(r.created_at, r.id) < (?, ?)", r.dialect.at(after.CreatedAt), after.ID)
	}
	query := fmt.Sprintf(`SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT %d`,
		recordColumns, recordTables, strings.Join(where, " AND "), order, q.PageSize()+1)
	return sqlx.In(query, args...)
}

// cursor is the last row of a page.
type cursor struct {
	Position  int       `json:"p"`
	CreatedAt time.Time `json:"t"`
	ID        string    `json:"i"`
}

func cursorAt(row recordRow) string {
	raw, _ := json.Marshal(cursor{row.Position, row.CreatedAt.Time, row.ID}) // cannot fail: plain values
	return base64.RawURLEncoding.EncodeToString(raw)
}

func parseCursor(text string) (*cursor, error) {
	if text == "" {
		return nil, nil
	}
	var c cursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil || !isID(c.ID) || c.Position < 0 || c.Position > math.MaxInt32 {
		return nil, fmt.Errorf("%w: %.80q", attachment.ErrCursor, text)
	}
	return &c, nil
}

// Update implements attachment.RecordRepository.
func (r *Repository) Update(ctx context.Context, id string, c attachment.Change) (attachment.EmailAttachment, error) {
	var row recordRow
	err := r.inTenant(ctx, "update", func(tx *sqlx.Tx, tenantID string) error {
		set, args := []string{"updated_at = ?"}, []any{r.dialect.at(c.At)}
		switch {
		case c.Deleted == nil:
		case *c.Deleted:
			set, args = append(set, "deleted_at = COALESCE(deleted_at, ?)"), append(args, r.dialect.at(c.At))
		default:
			set = append(set, "deleted_at = NULL")
		}
		if c.RetentionExpiresAt != nil {
			set, args = append(set, "retention_expires_at = ?"), append(args, r.dialect.at(*c.RetentionExpiresAt))
		}
		if c.LegalHold != nil {
			set, args = append(set, "legal_hold = ?"), append(args, *c.LegalHold)
		}
		if !isID(id) {
			return attachment.ErrNotFound
		}
		query := `UPDATE email_attachments SET ` + strings.Join(set, ", ") + ` WHERE tenant_id = ? AND id = ?`
		if _, err := exec(ctx, tx, query, append(args, tenantID, id)...); err != nil {
			return err
		}
		return getRecord(ctx, tx, &row, tenantID, id)
	})
	return row.record(), err
}
