package attachment

import (
	"context"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
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
