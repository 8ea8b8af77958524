package sqlrepo

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// moment reads a time from either database: timestamptz, ISO text in JSON, or
// microseconds. Null is the zero time.
type moment struct{ time.Time }

func (m *moment) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		m.Time = time.Time{}
	case time.Time:
		m.Time = v.UTC()
	case int64:
		m.Time = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("cannot read a time from %T", src)
	}
	return nil
}

func (m *moment) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	err := json.Unmarshal(data, &m.Time)
	m.Time = m.Time.UTC()
	return err
}

func (m moment) pointer() *time.Time {
	if m.IsZero() {
		return nil
	}
	return &m.Time
}

// result reads a scan.Result kept as JSON. Null is none.
type result struct{ *scan.Result }

func (r *result) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		return nil
	case []byte:
		return json.Unmarshal(v, &r.Result)
	case string:
		return json.Unmarshal([]byte(v), &r.Result)
	default:
		return fmt.Errorf("cannot read a scan result from %T", src)
	}
}

func (r *result) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &r.Result) }

// recordColumns selects a recordRow from email_attachments r joined with
// attachment_contents c.
const recordColumns = `r.tenant_id, r.id, r.user_id, r.message_id, r.filename, r.safe_filename, r.mime_type, r.declared_mime_type,
	r.size, r.content_id, r.is_inline, r.position, r.is_deduplicated, r.content, r.deleted_at, r.retention_expires_at, r.legal_hold,
	r.created_at, r.updated_at, c.content_hash, c.storage_key, c.scan_status, c.scan_result, c.scanned_at,
	c.scan_due, c.pending_since, c.scan_attempts, c.scanner, c.priority`

const recordTables = `email_attachments r JOIN attachment_contents c ON c.tenant_id = r.tenant_id AND c.id = r.content`

// recordRow is a record joined with what is true of its content.
type recordRow struct {
	TenantID           string      `db:"tenant_id" json:"tenant_id"`
	ID                 string      `db:"id" json:"id"`
	UserID             string      `db:"user_id" json:"user_id"`
	MessageID          string      `db:"message_id" json:"message_id"`
	Filename           string      `db:"filename" json:"filename"`
	SafeFilename       string      `db:"safe_filename" json:"safe_filename"`
	MIMEType           string      `db:"mime_type" json:"mime_type"`
	DeclaredMIMEType   string      `db:"declared_mime_type" json:"declared_mime_type"`
	Size               int64       `db:"size" json:"size"`
	ContentID          string      `db:"content_id" json:"content_id"`
	IsInline           bool        `db:"is_inline" json:"is_inline"`
	Position           int         `db:"position" json:"position"`
	IsDeduplicated     bool        `db:"is_deduplicated" json:"is_deduplicated"`
	Content            string      `db:"content" json:"content"`
	DeletedAt          moment      `db:"deleted_at" json:"deleted_at"`
	RetentionExpiresAt moment      `db:"retention_expires_at" json:"retention_expires_at"`
	LegalHold          bool        `db:"legal_hold" json:"legal_hold"`
	CreatedAt          moment      `db:"created_at" json:"created_at"`
	UpdatedAt          moment      `db:"updated_at" json:"updated_at"`
	ContentHash        string      `db:"content_hash" json:"content_hash"`
	StorageKey         string      `db:"storage_key" json:"storage_key"`
	ScanStatus         scan.Status `db:"scan_status" json:"scan_status"`
	ScanResult         result      `db:"scan_result" json:"scan_result"`
	ScannedAt          moment      `db:"scanned_at" json:"scanned_at"`
	ScanDue            moment      `db:"scan_due" json:"scan_due"`
	PendingSince       moment      `db:"pending_since" json:"pending_since"`
	ScanAttempts       int         `db:"scan_attempts" json:"scan_attempts"`
	Scanner            string      `db:"scanner" json:"scanner"`
	Priority           int         `db:"priority" json:"priority"`
}

func (r *recordRow) record() attachment.EmailAttachment {
	return attachment.EmailAttachment{
		ID: r.ID, TenantID: r.TenantID, UserID: r.UserID, MessageID: r.MessageID,
		Filename: r.Filename, SafeFilename: r.SafeFilename, MIMEType: r.MIMEType, DeclaredMIMEType: r.DeclaredMIMEType,
		Size: r.Size, ContentID: r.ContentID, IsInline: r.IsInline, Position: r.Position,
		StorageKey: r.StorageKey, ContentHash: r.ContentHash, IsDeduplicated: r.IsDeduplicated,
		VirusScanStatus: r.ScanStatus, VirusScanDetails: r.ScanResult.Result, VirusScanAt: r.ScannedAt.pointer(),
		IsDeleted: !r.DeletedAt.IsZero(), DeletedAt: r.DeletedAt.pointer(),
		RetentionExpiresAt: r.RetentionExpiresAt.Time, LegalHold: r.LegalHold,
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

func (r *recordRow) job() scan.Job {
	return scan.Job{
		TenantID: r.TenantID, ContentID: r.Content, SHA256: r.ContentHash, Size: r.Size, Filename: r.SafeFilename, MIMEType: r.MIMEType,
		Scanner: r.Scanner, Priority: r.Priority, Attempt: r.ScanAttempts, PendingSince: r.PendingSince.Time,
	}
}

// contentColumns selects a contentRow.
const contentColumns = `tenant_id, id, content_hash, size, storage_key, backend, shared, state, refs, safe_filename, mime_type,
	garbage_lease, scan_status, scan_result, scanned_at, scan_due, pending_since, scan_attempts, scanner, priority`

type contentRow struct {
	TenantID     string                  `db:"tenant_id" json:"tenant_id"`
	ID           string                  `db:"id" json:"id"`
	Hash         string                  `db:"content_hash" json:"content_hash"`
	Size         int64                   `db:"size" json:"size"`
	StorageKey   string                  `db:"storage_key" json:"storage_key"`
	Backend      string                  `db:"backend" json:"backend"`
	Shared       bool                    `db:"shared" json:"shared"`
	State        attachment.ContentState `db:"state" json:"state"`
	Refs         int                     `db:"refs" json:"refs"`
	SafeFilename string                  `db:"safe_filename" json:"safe_filename"`
	MIMEType     string                  `db:"mime_type" json:"mime_type"`
	GarbageLease moment                  `db:"garbage_lease" json:"garbage_lease"`
	ScanStatus   scan.Status             `db:"scan_status" json:"scan_status"`
	ScanResult   result                  `db:"scan_result" json:"scan_result"`
	ScannedAt    moment                  `db:"scanned_at" json:"scanned_at"`
	ScanDue      moment                  `db:"scan_due" json:"scan_due"`
	PendingSince moment                  `db:"pending_since" json:"pending_since"`
	Attempts     int                     `db:"scan_attempts" json:"scan_attempts"`
	Scanner      string                  `db:"scanner" json:"scanner"`
	Priority     int                     `db:"priority" json:"priority"`
}

func (c *contentRow) content() attachment.Content {
	return attachment.Content{
		ID: c.ID, TenantID: c.TenantID, SHA256: c.Hash, Size: c.Size, StorageKey: c.StorageKey,
		Backend: c.Backend, Shared: c.Shared, State: c.State, References: c.Refs,
	}
}

func (c *contentRow) job() scan.Job {
	return scan.Job{
		TenantID: c.TenantID, ContentID: c.ID, SHA256: c.Hash, Size: c.Size, Filename: c.SafeFilename, MIMEType: c.MIMEType,
		Scanner: c.Scanner, Priority: c.Priority, Attempt: c.Attempts, PendingSince: c.PendingSince.Time,
	}
}

var errDatabaseReply = errors.New("the database function answered in an unknown way; is the schema current?")
