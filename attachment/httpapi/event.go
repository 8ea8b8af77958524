package httpapi

import (
	"context"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Action names what was done to an attachment.
type Action string

// The actions.
const (
	ActionUpload     Action = "upload"
	ActionDownload   Action = "download"
	ActionDelete     Action = "delete"
	ActionRestore    Action = "restore"
	ActionRescan     Action = "rescan"
	ActionRelease    Action = "release"
	ActionQuarantine Action = "quarantine"
)

// An Event is something that was done to an attachment. What was refused is in
// the host's audit of requests.
type Event struct {
	Action       Action
	AttachmentID string
	TenantID     string
	UserID       string // who did it; "link" for the bearer of a link
	Bytes        int64  // uploaded, or of a download: how many left
	Complete     bool   // of a download: whether all that was asked for left
	Redirected   bool   // of a download: the backend serves it, nobody here sees how much
	Reason       string // of a release or quarantine
}

func (a *api) audit(ctx context.Context, e Event, record attachment.EmailAttachment) {
	e.AttachmentID, e.TenantID = record.ID, record.TenantID
	if tc, err := tenant.FromContext(ctx); err == nil {
		e.UserID = tc.UserID()
	}
	a.opts.Audit(ctx, e)
}
