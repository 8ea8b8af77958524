package sqlrepo

import (
	"context"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// draft is an attachment.Draft as both dialects take it: as the parameters of
// a statement, and as JSON for a database function.
type draft struct {
	TenantID           string `db:"tenant_id" json:"-"`
	ID                 string `db:"id" json:"id"`
	UserID             string `db:"user_id" json:"user_id"`
	MessageID          string `db:"message_id" json:"message_id"`
	Filename           string `db:"filename" json:"filename"`
	SafeFilename       string `db:"safe_filename" json:"safe_filename"`
	MIMEType           string `db:"mime_type" json:"mime_type"`
	DeclaredMIMEType   string `db:"declared_mime_type" json:"declared_mime_type"`
	Size               int64  `db:"size" json:"size"`
	ContentID          string `db:"content_id" json:"content_id"`
	IsInline           bool   `db:"is_inline" json:"is_inline"`
	Position           int    `db:"position" json:"position"`
	RetentionExpiresAt any    `db:"retention_expires_at" json:"retention_expires_at"`
	CreatedAt          any    `db:"created_at" json:"created_at"`

	Content     string `db:"content" json:"content"`
	ContentHash string `db:"content_hash" json:"content_hash"`
	StorageKey  string `db:"storage_key" json:"storage_key"`
	Backend     string `db:"backend" json:"backend"`
	Shared      bool   `db:"shared" json:"shared"`

	Scan     bool   `db:"scan" json:"scan"`
	Scanner  string `db:"scanner" json:"scanner"`
	Priority int    `db:"priority" json:"priority"`

	GivenUp []string `db:"-" json:"given_up"`

	Deduplicated bool `db:"is_deduplicated" json:"-"` // set by attach

	expires, created time.Time
}

func (r *Repository) draft(tenantID string, d attachment.Draft) draft {
	v := d.Record
	expires, created := v.RetentionExpiresAt.UTC().Truncate(time.Microsecond), v.CreatedAt.UTC().Truncate(time.Microsecond) // as both databases keep it
	return draft{
		TenantID: tenantID, ID: v.ID, UserID: text(v.UserID), MessageID: text(v.MessageID),
		Filename: text(v.Filename), SafeFilename: text(v.SafeFilename),
		MIMEType: text(v.MIMEType), DeclaredMIMEType: text(v.DeclaredMIMEType),
		Size: v.Size, ContentID: text(v.ContentID), IsInline: v.IsInline, Position: v.Position,
		RetentionExpiresAt: r.dialect.at(expires), CreatedAt: r.dialect.at(created),
		Content: d.Content.ID, ContentHash: d.Content.SHA256, StorageKey: d.Content.StorageKey,
		Backend: d.Content.Backend, Shared: d.Content.Shared,
		Scan: d.Scan, Scanner: d.Scanner, Priority: d.Priority,
		GivenUp: d.GivenUp,
		expires: expires, created: created,
	}
}

// row is the record that a draft has become on a content.
func (d *draft) row(c *contentRow, deduplicated bool) *recordRow {
	return &recordRow{
		TenantID: d.TenantID, ID: d.ID, UserID: d.UserID, MessageID: d.MessageID,
		Filename: d.Filename, SafeFilename: d.SafeFilename, MIMEType: d.MIMEType, DeclaredMIMEType: d.DeclaredMIMEType,
		Size: d.Size, ContentID: d.ContentID, IsInline: d.IsInline, Position: d.Position, IsDeduplicated: deduplicated,
		RetentionExpiresAt: moment{d.expires}, CreatedAt: moment{d.created}, UpdatedAt: moment{d.created},
		Content: c.ID, ContentHash: c.Hash, StorageKey: c.StorageKey,
		ScanStatus: c.ScanStatus, ScanResult: c.ScanResult, ScannedAt: c.ScannedAt,
		ScanDue: c.ScanDue, PendingSince: c.PendingSince, ScanAttempts: c.Attempts, Scanner: c.Scanner, Priority: c.Priority,
	}
}

// text makes what a mail says fit a text column: PostgreSQL takes neither NUL
// nor broken UTF-8.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// reply is what both dialects answer to begin and finish.
type reply struct {
	Outcome string      `json:"outcome"`
	Record  *recordRow  `json:"record"`  // of replayed
	Content *contentRow `json:"content"` // of busy, attached and stored
}

// The outcomes a reply can have.
const (
	outcomeFresh    = "fresh"
	outcomeBusy     = "busy"
	outcomeReplayed = "replayed"
	outcomeAttached = "attached"
	outcomeStored   = "stored"
	outcomeGone     = "gone"
)

// begun says what the reply to d means.
func (a reply) begun(d draft) (attachment.Begun, error) {
	row := a.Record
	switch {
	case a.Outcome == outcomeFresh:
		return attachment.Begun{Outcome: attachment.Fresh}, nil
	case a.Outcome == outcomeGone:
		return attachment.Begun{}, attachment.ErrConflict
	case a.Outcome == outcomeBusy && a.Content != nil:
		return attachment.Begun{Outcome: attachment.Busy, Intent: a.Content.content()}, nil
	case row == nil && a.Content != nil:
		row = d.row(a.Content, a.Outcome == outcomeAttached)
	}
	var b attachment.Begun
	switch a.Outcome {
	case outcomeReplayed:
		b.Outcome = attachment.Replayed
	case outcomeAttached:
		b.Outcome = attachment.Attached
	case outcomeStored:
		b.Outcome = attachment.Stored
	}
	if row == nil || b.Outcome == 0 {
		return attachment.Begun{}, errDatabaseReply
	}
	b.Record = row.record()
	if row.ScanStatus == scan.StatusPending && !row.ScanDue.IsZero() {
		job := row.job()
		b.ScanJob = &job
	}
	return b, nil
}

// Begin implements attachment.IngestRepository.
func (r *Repository) Begin(ctx context.Context, d attachment.Draft) (attachment.Begun, error) {
	return r.ingest(ctx, "begin", d, r.beginning)
}

// Finish implements attachment.IngestRepository.
func (r *Repository) Finish(ctx context.Context, d attachment.Draft) (attachment.Begun, error) {
	return r.ingest(ctx, "finish", d, r.finishing)
}

// ingest runs one step. A step is safe to repeat even when its answer got
// lost: begin finds its own intent, finish its own record.
func (r *Repository) ingest(ctx context.Context, op string, d attachment.Draft, step *convoy) (begun attachment.Begun, err error) {
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return begun, err
	}
	row := r.draft(tc.TenantID(), d)
	err = r.retry(ctx, op, func() error {
		ctx, cancel := context.WithTimeout(ctx, r.patience)
		defer cancel()
		answer, err := step.travel(ctx, tc.TenantID(), row)
		if err != nil {
			return err
		}
		begun, err = answer.begun(row)
		return err
	})
	return begun, err
}
