package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// find returns the record that a request names, if the caller may know of it.
func (a *api) find(r *http.Request) (attachment.EmailAttachment, error) {
	id := r.PathValue("id")
	if len(id) != 36 || uuid.Validate(id) != nil {
		return attachment.EmailAttachment{}, attachment.ErrNotFound
	}
	record, err := a.handler.Get(r.Context(), id)
	if err != nil {
		return attachment.EmailAttachment{}, err
	}
	if !a.opts.CanAccess(r.Context(), record.TenantID, record.UserID) {
		return attachment.EmailAttachment{}, attachment.ErrNotFound
	}
	return record, nil
}

// findLive is find without what is deleted.
func (a *api) findLive(r *http.Request) (attachment.EmailAttachment, error) {
	record, err := a.find(r)
	if err == nil && record.IsDeleted {
		err = attachment.ErrDeleted
	}
	return record, err
}

func (a *api) get(w http.ResponseWriter, r *http.Request) error {
	record, err := a.findLive(r)
	if err != nil {
		return err
	}
	link, err := a.handler.Link(record, a.opts.LinkLifetime)
	if err != nil && !errors.Is(err, attachment.ErrLinksUnset) {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		attachment.EmailAttachment
		PresignedURL string `json:"presignedUrl,omitempty"`
	}{record, link})
	return nil
}

func (a *api) delete(w http.ResponseWriter, r *http.Request) error {
	record, err := a.findLive(r)
	if err != nil {
		return err
	}
	if err := a.handler.Delete(r.Context(), record.ID); err != nil {
		return err
	}
	a.audit(r.Context(), Event{Action: ActionDelete}, record)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// restore brings back what was deleted. Only who may do that can see it.
func (a *api) restore(w http.ResponseWriter, r *http.Request) error {
	record, err := a.find(r)
	if err != nil {
		return err
	}
	if record.IsDeleted && !a.mayAdminister(r.Context()) {
		return attachment.ErrDeleted
	}
	if record, err = a.handler.Restore(r.Context(), record.ID); err != nil {
		return err
	}
	a.audit(r.Context(), Event{Action: ActionRestore}, record)
	writeJSON(w, http.StatusOK, record)
	return nil
}

func (a *api) mayAdminister(ctx context.Context) bool {
	tc, err := tenant.FromContext(ctx)
	return err == nil && tc.Can(tenant.Admin, "")
}

// listAll lists across messages: ?status=… (repeatable), and for admins
// ?deleted=true.
func (a *api) listAll(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	var q attachment.Query
	for _, text := range values["status"] {
		status := scan.Status(text)
		if !slices.Contains(statuses(), status) {
			return badRequestf("status: is not one of %s", statuses())
		}
		q.Statuses = append(q.Statuses, status)
	}
	switch values.Get("deleted") {
	case "", "false":
	case "true":
		if !a.mayAdminister(r.Context()) {
			return tenant.ErrForbidden
		}
		q.Deleted = true
	default:
		return badRequestf("deleted: must be true or false")
	}
	return a.list(w, r, q)
}

func statuses() []scan.Status {
	return []scan.Status{scan.StatusPending, scan.StatusClean, scan.StatusSuspicious, scan.StatusInfected, scan.StatusSkipped, scan.StatusError}
}

func (a *api) listByMessage(w http.ResponseWriter, r *http.Request) error {
	messageID, err := messageID(r)
	if err != nil {
		return err
	}
	return a.list(w, r, attachment.Query{MessageID: messageID})
}

// list answers with a page of what q selects and the caller may know of.
func (a *api) list(w http.ResponseWriter, r *http.Request, q attachment.Query) error {
	values := r.URL.Query()
	q.Cursor = values.Get("cursor")
	if limit := values.Get("limit"); limit != "" {
		n, err := strconv.Atoi(limit)
		if err != nil || n < 1 {
			return badRequestf("limit: must be a whole number above 0")
		}
		q.Limit = n
	}
	owner, err := a.visibleOwner(r.Context())
	if err != nil {
		return err
	}
	q.UserID = owner
	page, err := a.handler.List(r.Context(), q)
	if err != nil {
		return err
	}
	if page.Records == nil {
		page.Records = []attachment.EmailAttachment{}
	}
	writeJSON(w, http.StatusOK, page)
	return nil
}

// visibleOwner returns whose rows the caller may list; "" is everybody's.
func (a *api) visibleOwner(ctx context.Context) (string, error) {
	tc, err := tenant.FromContext(ctx)
	if err != nil || a.opts.CanAccess(ctx, tc.TenantID(), "") {
		return "", err
	}
	if tc.UserID() == "" {
		return "", tenant.ErrForbidden // "" would select everybody's
	}
	return tc.UserID(), nil
}

// messageID returns the Message-ID in the path.
func messageID(r *http.Request) (string, error) {
	const longest = 998 // RFC 5322, section 2.1.1
	id := r.PathValue("messageId")
	if len(id) > longest || !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl) {
		return "", badRequestf("messageId: must be text of at most %d bytes without control characters", longest)
	}
	return id, nil
}
