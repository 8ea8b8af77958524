package attachment

import (
	"context"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// BackendURL returns a URL at which the store's own backend serves the bytes of
// an attachment. Whoever has it, has the bytes until it expires, whatever
// happens meanwhile; so keep opts.Expires short. Only what is clean or skipped
// gets one, never what is pending, even where the tenant's policy serves that.
//
// It fails like Open, and with blob.ErrUnsupported if the backend serves
// nothing by itself.
func (h *AttachmentHandler) BackendURL(ctx context.Context, record EmailAttachment, opts *blob.SignURLOptions) (string, error) {
	current, err := h.servable(ctx, record.ID)
	if err != nil {
		return "", err
	}
	if s := current.VirusScanStatus; s != scan.StatusClean && s != scan.StatusSkipped {
		return "", ErrNotServed
	}
	signer, ok := blob.As[blob.URLSigner](h.store)
	if !ok {
		return "", &blob.Error{Op: "sign", Key: current.StorageKey, Err: blob.ErrUnsupported}
	}
	return signer.SignURL(ctx, current.StorageKey, opts)
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
