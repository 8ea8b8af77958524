package attachmenttest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Repository is an attachment.Repository in memory. Its rules are the
// database's; only durability is missing. Make one with NewRepository.
type Repository struct {
	mu           sync.Mutex
	installation string
	records      map[rowKey]*record
	contents     map[rowKey]*content
}

var _ attachment.Repository = (*Repository)(nil)

type rowKey struct{ tenant, id string }

type record struct {
	attachment.EmailAttachment
	content *content
}

type content struct {
	attachment.Content
	recordID           string // of the attachment that brought it
	filename, mimeType string
	updatedAt          time.Time
	garbageLease       time.Time

	status       scan.Status
	result       *scan.Result
	scannedAt    *time.Time
	due          *time.Time // when to scan; nil if no scan is wanted
	pendingSince time.Time
	attempts     int
	scanner      string
	priority     int
	token        string
	overruled    bool // by a person
	lease        time.Time
}

// NewRepository returns an empty repository.
func NewRepository() *Repository {
	return &Repository{
		installation: uuid.NewString(),
		records:      map[rowKey]*record{},
		contents:     map[rowKey]*content{},
	}
}

// Begin implements attachment.IngestRepository.
func (r *Repository) Begin(ctx context.Context, d attachment.Draft) (attachment.Begun, error) {
	tenantID, unlock, err := r.lock(ctx)
	if err != nil {
		return attachment.Begun{}, err
	}
	defer unlock()
	if known := r.records[rowKey{tenantID, d.Record.ID}]; known != nil {
		return known.begun(attachment.Replayed), nil
	}
	if d.Content.Shared {
		if stored := r.stored(tenantID, d); stored != nil {
			return r.attach(stored, d, attachment.Attached), nil
		}
	}
	mine := r.contents[rowKey{tenantID, d.Content.ID}]
	if mine != nil && mine.State == attachment.ContentStoring { // the answer to an earlier call got lost
		return attachment.Begun{Outcome: attachment.Fresh}, nil
	}
	if intent := r.intent(tenantID, d); intent != nil {
		return attachment.Begun{Outcome: attachment.Busy, Intent: intent.Content}, nil
	}
	if mine != nil {
		return attachment.Begun{}, attachment.ErrConflict
	}
	c := &content{
		Content: d.Content, recordID: d.Record.ID, filename: d.Record.SafeFilename, mimeType: d.Record.MIMEType,
		updatedAt: d.Record.CreatedAt, status: scan.StatusSkipped,
	}
	c.State, c.References = attachment.ContentStoring, 0
	r.contents[rowKey{tenantID, c.ID}] = c
	return attachment.Begun{Outcome: attachment.Fresh}, nil
}

// stored returns the content that the draft's bytes are already in.
func (r *Repository) stored(tenantID string, d attachment.Draft) *content {
	return r.find(tenantID, d, func(c *content) bool {
		return c.State == attachment.ContentStored && c.Shared && d.Content.Shared
	})
}

// intent returns the content that somebody is storing the draft's bytes in.
func (r *Repository) intent(tenantID string, d attachment.Draft) *content {
	return r.find(tenantID, d, func(c *content) bool {
		return c.State == attachment.ContentStoring && (c.Shared && d.Content.Shared || c.recordID == d.Record.ID) &&
			!slices.Contains(d.GivenUp, c.ID)
	})
}

func (r *Repository) find(tenantID string, d attachment.Draft, fits func(*content) bool) *content {
	for _, c := range r.contents {
		if c.TenantID == tenantID && c.SHA256 == d.Content.SHA256 && fits(c) {
			return c
		}
	}
	return nil
}

// Finish implements attachment.IngestRepository.
func (r *Repository) Finish(ctx context.Context, d attachment.Draft) (attachment.Begun, error) {
	tenantID, unlock, err := r.lock(ctx)
	if err != nil {
		return attachment.Begun{}, err
	}
	defer unlock()
	mine := r.contents[rowKey{tenantID, d.Content.ID}]
	known := r.records[rowKey{tenantID, d.Record.ID}]
	winner := r.stored(tenantID, d)
	switch {
	case known != nil:
		if mine != nil && mine.State == attachment.ContentStoring {
			mine.State, mine.updatedAt = attachment.ContentDeleting, d.Record.CreatedAt
		}
		return known.begun(attachment.Replayed), nil
	case winner != nil && winner != mine:
		if mine != nil && mine.State == attachment.ContentStoring {
			mine.State, mine.updatedAt = attachment.ContentDeleting, d.Record.CreatedAt
		}
		return r.attach(winner, d, attachment.Attached), nil
	case mine == nil || mine.State == attachment.ContentDeleting && !mine.garbageLease.IsZero():
		return attachment.Begun{}, attachment.ErrConflict
	case mine.State == attachment.ContentStored:
		return r.attach(mine, d, attachment.Attached), nil
	}
	mine.State = attachment.ContentStored
	return r.attach(mine, d, attachment.Stored), nil
}

// attach adds the draft's record to a stored content, and wakes the scan if
// this record is the first to want one.
func (r *Repository) attach(c *content, d attachment.Draft, outcome attachment.Outcome) attachment.Begun {
	c.References++
	c.updatedAt = d.Record.CreatedAt
	if d.Scan && c.status == scan.StatusSkipped && c.scannedAt == nil {
		due := d.Record.CreatedAt
		c.status, c.due, c.pendingSince, c.scanner, c.priority = scan.StatusPending, &due, due, d.Scanner, d.Priority
	}
	row := &record{EmailAttachment: d.Record, content: c}
	row.IsDeduplicated = outcome == attachment.Attached
	r.records[rowKey{c.TenantID, d.Record.ID}] = row
	return row.begun(outcome)
}

func (row *record) begun(outcome attachment.Outcome) attachment.Begun {
	b := attachment.Begun{Outcome: outcome, Record: row.view()}
	if row.content.due != nil && row.content.status == scan.StatusPending {
		job := row.content.job()
		b.ScanJob = &job
	}
	return b
}

// view joins the record with what is true of its content.
func (row *record) view() attachment.EmailAttachment {
	v := row.EmailAttachment
	v.StorageKey = row.content.StorageKey
	v.VirusScanStatus, v.VirusScanDetails, v.VirusScanAt = row.content.status, row.content.result, row.content.scannedAt
	v.IsDeleted = v.DeletedAt != nil
	return v
}

// Cancel implements attachment.IngestRepository.
func (r *Repository) Cancel(ctx context.Context, d attachment.Draft, now time.Time, lease time.Duration) error {
	tenantID, unlock, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	c := r.contents[rowKey{tenantID, d.Content.ID}]
	if c == nil || c.State != attachment.ContentStoring {
		return attachment.ErrConflict
	}
	c.State, c.updatedAt, c.garbageLease = attachment.ContentDeleting, now, now.Add(lease)
	return nil
}

// lock takes the repository for one call on behalf of the tenant in ctx.
func (r *Repository) lock(ctx context.Context) (tenantID string, unlock func(), err error) {
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return "", nil, err
	}
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	r.mu.Lock()
	return tc.TenantID(), r.mu.Unlock, nil
}
