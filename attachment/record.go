package attachment

import (
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// EmailAttachment is the record of one attachment of one message. Several
// records of a tenant may share one stored content; the scan status and its
// details belong to the content and are the same on all of them.
type EmailAttachment struct {
	ID        string `json:"id"` // UUID derived from tenant, message, filename, Content-ID and hash
	TenantID  string `json:"tenantId"`
	UserID    string `json:"userId"` // the owner
	MessageID string `json:"messageId"`

	Filename         string `json:"filename"`     // as sent
	SafeFilename     string `json:"safeFilename"` // as offered for download
	MIMEType         string `json:"mimeType"`     // as detected from the bytes
	DeclaredMIMEType string `json:"declaredMimeType,omitempty"`
	Size             int64  `json:"size"`                // bytes, decoded
	ContentID        string `json:"contentId,omitempty"` // the MIME Content-ID, RFC 2392
	IsInline         bool   `json:"isInline"`
	Position         int    `json:"position"` // order within the message

	StorageKey  string `json:"storageKey"`
	ContentHash string `json:"contentHash"` // SHA-256, lower-case hex

	IsDeduplicated bool `json:"isDeduplicated"` // it brought no bytes of its own

	VirusScanStatus  scan.Status  `json:"virusScanStatus"`
	VirusScanDetails *scan.Result `json:"virusScanDetails,omitempty"`
	VirusScanAt      *time.Time   `json:"virusScanAt,omitempty"`

	IsDeleted          bool       `json:"isDeleted"`
	DeletedAt          *time.Time `json:"deletedAt,omitempty"`
	RetentionExpiresAt time.Time  `json:"retentionExpiresAt"`
	LegalHold          bool       `json:"legalHold"` // beats retention and deletion
	CreatedAt          time.Time  `json:"createdAt"`
	UpdatedAt          time.Time  `json:"updatedAt"`
}

// A Content is one stored blob of one tenant and everything that is true of
// its bytes, whichever records refer to it.
type Content struct {
	ID         string // UUID, part of StorageKey
	TenantID   string
	SHA256     string
	Size       int64
	StorageKey string
	Backend    string // the name of the store it lies in; see Options.Backend
	Shared     bool   // open to deduplication
	State      ContentState
	References int // records that point here, deleted ones included
}

// ContentState says where a content is in its life. A row exists before the
// blob does and goes after it, so that no crash can leave bytes that no row
// knows of.
type ContentState string

// The states, in the order in which a content passes through them.
const (
	ContentStoring  ContentState = "storing"  // the blob may or may not be there
	ContentStored   ContentState = "stored"   // the blob is there and referenced
	ContentDeleting ContentState = "deleting" // nothing refers to it; the blob is to go
)
