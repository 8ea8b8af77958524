package attachment

import (
	"context"
	"errors"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Get returns the record of an attachment, deleted or not. Another tenant's is
// ErrNotFound, like one that never was. It takes tenant.Read.
func (h *AttachmentHandler) Get(ctx context.Context, id string) (EmailAttachment, error) {
	if _, err := permit(ctx, tenant.Read, id); err != nil {
		return EmailAttachment{}, err
	}
	return h.repo.Get(ctx, id)
}

// List returns a page of the tenant's records. It takes tenant.Read.
func (h *AttachmentHandler) List(ctx context.Context, q Query) (Page, error) {
	if _, err := permit(ctx, tenant.Read, ""); err != nil {
		return Page{}, err
	}
	return h.repo.List(ctx, q)
}

// Open returns the bytes of an attachment, from offset, at most length; a
// negative length reads to the end. It is the only way to them, and looks
// first: ErrDeleted for a deleted record, ErrNotServed for a scan status that
// the tenant's policy does not serve. It takes tenant.Read.
func (h *AttachmentHandler) Open(ctx context.Context, record EmailAttachment, offset, length int64) (*blob.Reader, error) {
	current, err := h.servable(ctx, record.ID)
	if err != nil {
		return nil, err
	}
	return h.store.Open(ctx, current.StorageKey, offset, length)
}

// servable returns the record of an attachment whose bytes ctx may have now.
// The caller's record may be old; only the repository knows.
func (h *AttachmentHandler) servable(ctx context.Context, id string) (EmailAttachment, error) {
	tc, err := permit(ctx, tenant.Read, id)
	if err != nil {
		return EmailAttachment{}, err
	}
	current, err := h.repo.Get(ctx, id)
	switch {
	case err != nil:
		return EmailAttachment{}, err
	case current.IsDeleted:
		return EmailAttachment{}, ErrDeleted
	case !h.opts.ScanPolicy.Serves(tc.TenantID(), current.VirusScanStatus):
		return EmailAttachment{}, ErrNotServed
	}
	return current, nil
}

// Delete hides an attachment until the sweeper removes it for good. It takes
// tenant.Delete. To run the same input again does not bring it back: the answer
// is that of the first run, with a link that finds nothing.
func (h *AttachmentHandler) Delete(ctx context.Context, id string) error {
	_, err := h.change(ctx, tenant.Delete, id, Change{Deleted: new(true)})
	return err
}

// Restore brings a deleted attachment back, while it is still there. It takes
// tenant.Admin.
func (h *AttachmentHandler) Restore(ctx context.Context, id string) (EmailAttachment, error) {
	return h.change(ctx, tenant.Admin, id, Change{Deleted: new(false)})
}

// Hold puts an attachment under legal hold, or ends it. Under a hold neither
// retention nor deletion removes it. It takes tenant.Admin.
func (h *AttachmentHandler) Hold(ctx context.Context, id string, hold bool) (EmailAttachment, error) {
	return h.change(ctx, tenant.Admin, id, Change{LegalHold: &hold})
}

func (h *AttachmentHandler) change(ctx context.Context, action tenant.Action, id string, c Change) (EmailAttachment, error) {
	if _, err := permit(ctx, action, id); err != nil {
		return EmailAttachment{}, err
	}
	c.At = h.opts.Now().UTC()
	return h.repo.Update(ctx, id, c)
}

// permit returns the tenant in ctx if he may do action to resource.
func permit(ctx context.Context, action tenant.Action, resource string) (tenant.Context, error) {
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if !tc.Can(action, resource) {
		return nil, tenant.ErrForbidden
	}
	return tc, nil
}

// IsAbsent reports whether an error means, to a user, that there is nothing.
func IsAbsent(err error) bool { return errors.Is(err, ErrNotFound) || errors.Is(err, ErrDeleted) }
