package attachmenttest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// Get implements attachment.RecordRepository.
func (r *Repository) Get(ctx context.Context, id string) (v attachment.EmailAttachment, err error) {
	err = r.with(ctx, id, func(row *record) { v = row.view() })
	return v, err
}

// with calls fn with a record of the tenant in ctx, if there is one.
func (r *Repository) with(ctx context.Context, id string, fn func(row *record)) error {
	tenantID, unlock, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	row := r.records[rowKey{tenantID, id}]
	if row == nil {
		return attachment.ErrNotFound
	}
	fn(row)
	return nil
}

// List implements attachment.RecordRepository. Its cursor is an offset: fit
// for tests, not for tables that change.
func (r *Repository) List(ctx context.Context, q attachment.Query) (attachment.Page, error) {
	tenantID, unlock, err := r.lock(ctx)
	if err != nil {
		return attachment.Page{}, err
	}
	defer unlock()
	offset := 0
	if q.Cursor != "" {
		if offset, err = strconv.Atoi(q.Cursor); err != nil || offset < 0 {
			return attachment.Page{}, fmt.Errorf("%w: %q", attachment.ErrCursor, q.Cursor)
		}
	}
	found := []attachment.EmailAttachment{}
	for key, row := range r.records {
		if v := row.view(); key.tenant == tenantID && matches(q, v) {
			found = append(found, v)
		}
	}
	slices.SortFunc(found, func(a, b attachment.EmailAttachment) int {
		if q.MessageID != "" {
			return cmp.Or(cmp.Compare(a.Position, b.Position), a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
		}
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	offset = min(offset, len(found))
	end := min(offset+q.PageSize(), len(found))
	page := attachment.Page{Records: found[offset:end]}
	if end < len(found) {
		page.Next = strconv.Itoa(end)
	}
	return page, nil
}

func matches(q attachment.Query, v attachment.EmailAttachment) bool {
	return v.IsDeleted == q.Deleted &&
		(q.MessageID == "" || v.MessageID == q.MessageID) &&
		(q.UserID == "" || v.UserID == q.UserID) &&
		(len(q.Statuses) == 0 || slices.Contains(q.Statuses, v.VirusScanStatus))
}

// Update implements attachment.RecordRepository.
func (r *Repository) Update(ctx context.Context, id string, c attachment.Change) (v attachment.EmailAttachment, err error) {
	err = r.with(ctx, id, func(row *record) {
		if c.Deleted != nil && *c.Deleted != (row.DeletedAt != nil) {
			row.DeletedAt = nil
			if *c.Deleted {
				row.DeletedAt = &c.At
			}
		}
		if c.RetentionExpiresAt != nil {
			row.RetentionExpiresAt = *c.RetentionExpiresAt
		}
		if c.LegalHold != nil {
			row.LegalHold = *c.LegalHold
		}
		row.UpdatedAt = c.At
		v = row.view()
	})
	return v, err
}
