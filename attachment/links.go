package attachment

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// DownloadPath is where links lead; httpapi serves it. The storage key
// follows, its segments escaped.
const DownloadPath = "/api/v1/attachments/download/"

// Link mints a download link. This is the only place that does. A link is a
// promise to look, not to serve: record, tenant, deletion and scan status are
// checked when it is used. It returns ErrLinksUnset without a signing key.
func (h *AttachmentHandler) Link(record EmailAttachment, lifetime time.Duration) (string, error) {
	if h.opts.Links == nil {
		return "", ErrLinksUnset
	}
	query, err := h.opts.Links.Sign(blob.Link{
		Method: "GET", Key: record.StorageKey, Subject: record.ID,
		Expires:     h.opts.Now().Add(lifetime),
		Disposition: "attachment",
	})
	if err != nil {
		return "", err
	}
	return h.opts.BaseURL + DownloadPath + escapeKey(record.StorageKey) + "?" + query, nil
}

// FollowLink checks the signature of a link and returns the record it leads
// to, with a context that acts for the link's tenant, as its bearer: allowed to
// read this one attachment. It looks at neither deletion nor scan status; Open
// does. Errors: ErrLinksUnset, blob.ErrLinkInvalid, blob.ErrLinkExpired,
// ErrNotFound.
func (h *AttachmentHandler) FollowLink(ctx context.Context, method, key, rawQuery string) (context.Context, EmailAttachment, error) {
	if h.opts.Links == nil {
		return ctx, EmailAttachment{}, ErrLinksUnset
	}
	link, err := h.opts.Links.Verify(method, key, rawQuery)
	if err != nil {
		return ctx, EmailAttachment{}, err
	}
	tenantID, ok := tenantOfKey(key)
	if !ok {
		return ctx, EmailAttachment{}, blob.ErrLinkInvalid
	}
	ctx = tenant.NewContext(ctx, bearer{tenantID, link.Subject, key})
	record, err := h.Get(ctx, link.Subject)
	if err == nil && record.StorageKey != key {
		err = ErrNotFound
	}
	if errors.Is(err, ErrNotFound) {
		return ctx, EmailAttachment{}, ErrNotFound
	}
	return ctx, record, err
}

// bearer is whoever holds a link: he may read the attachment it names.
type bearer struct{ tenantID, attachmentID, key string }

func (b bearer) TenantID() string { return b.tenantID }

func (b bearer) UserID() string { return "link" }

// Can allows reading the attachment, by its id and by the key of its blob.
func (b bearer) Can(action tenant.Action, resource string) bool {
	return action == tenant.Read && (resource == b.attachmentID || resource == b.key)
}

func escapeKey(key string) string {
	segments := strings.Split(key, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}
