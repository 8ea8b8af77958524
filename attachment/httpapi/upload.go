package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// uploadResult is what became of one file, in the words of the node.
type uploadResult struct {
	Filename  string                `json:"filename"` // as sent; "" if it did not come to a file
	Status    string                `json:"status"`   // attachment.StatusSuccess or StatusError
	Data      *attachment.Processed `json:"data,omitempty"`
	Error     string                `json:"error,omitempty"`
	ErrorCode attachment.Code       `json:"errorCode,omitempty"`
	Retryable *bool                 `json:"retryable,omitempty"`
}

// upload takes the files of a multipart/form-data body (RFC 7578), one after
// the other as they arrive.
func (a *api) upload(w http.ResponseWriter, r *http.Request) error {
	messageID, err := messageID(r)
	if err != nil {
		return err
	}
	present, err := a.mayUpload(r.Context(), messageID)
	if err != nil {
		return err
	}
	if r.ContentLength > a.opts.MaxRequestSize {
		return &http.MaxBytesError{Limit: a.opts.MaxRequestSize}
	}
	form, err := a.openForm(w, r)
	if err != nil {
		return err
	}
	u := &uploading{api: a, form: form, messageID: messageID, present: present}
	for u.next(r.Context()) {
	}
	return u.answer(&pacedWriter{w, a.pace(w)}) // the server's WriteTimeout may be over
}

// mayUpload refuses before any byte is read. It returns how many attachments
// the message has.
func (a *api) mayUpload(ctx context.Context, messageID string) (present int, err error) {
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return 0, err
	}
	if !tc.Can(tenant.Write, "") {
		return 0, tenant.ErrForbidden
	}
	page, err := a.handler.List(ctx, attachment.Query{MessageID: messageID, Limit: a.opts.MaxPerMessage})
	return len(page.Records), err
}

// uploading is one upload under way.
type uploading struct {
	*api
	form      *form
	messageID string
	present   int // attachments that the message has
	results   []uploadResult
	first     error // the first failure
	stored    int
}

// next takes one file in, and reports whether more may follow.
func (u *uploading) next(ctx context.Context) bool {
	file, err := u.form.nextFile()
	switch {
	case err != nil:
		u.failed("", err)
		return false
	case file == nil:
		return false
	case len(u.results) == u.opts.MaxFiles:
		u.failed(file.name, refuse(attachment.CodeInvalidParams, "more than %d files at a time", u.opts.MaxFiles))
		return false
	case u.present >= u.opts.MaxPerMessage:
		u.failed(file.name, refuse(attachment.CodeQuotaExceeded, "the message has %d attachments, and may not have more", u.opts.MaxPerMessage))
		return true
	}
	p, err := u.handler.Process(ctx, attachment.Input{
		MessageID: u.messageID, Filename: file.name, MIMEType: file.mimeType, Data: file.data,
		ContentHash: file.fields.contentHash, ContentID: file.fields.contentID, IsInline: file.fields.isInline,
		Position: u.present, MaxSize: u.opts.MaxFileSize, URLExpiration: u.opts.LinkLifetime,
	})
	if broken := u.form.body.broken; broken != nil && err != nil { // not the store's fault, as Process thinks
		u.failed(file.name, broken)
		return false
	}
	if err == nil && u.deleted(ctx, p.AttachmentID) {
		err = errDeleted
	}
	if err != nil {
		u.failed(file.name, err)
		return true
	}
	u.results = append(u.results, uploadResult{Filename: file.name, Status: attachment.StatusSuccess, Data: p})
	u.present++
	u.stored++
	if tc, err := tenant.FromContext(ctx); err == nil {
		u.audit(ctx, Event{Action: ActionUpload, Bytes: p.Size}, attachment.EmailAttachment{ID: p.AttachmentID, TenantID: tc.TenantID()})
	}
	return true
}

// errDeleted is for who uploads what was deleted: to the node that is a replay,
// which brings nothing back; a person would take it for stored.
var errDeleted = errors.New("this attachment was deleted; an administrator can restore it")

// deleted reports whether the record that an upload ended in is deleted. Who may
// not read it learns nothing.
func (u *uploading) deleted(ctx context.Context, id string) bool {
	record, err := u.handler.Get(ctx, id)
	return err == nil && record.IsDeleted
}

func (u *uploading) failed(name string, err error) {
	if u.first == nil {
		u.first = err
	}
	e := attachment.AsError(uploadError(err))
	u.results = append(u.results, uploadResult{
		Filename: name, Status: attachment.StatusError, Error: e.Message, ErrorCode: e.Code, Retryable: &e.Retryable,
	})
}

// answer is 201 if everything was stored, 207 if something was, and otherwise
// the status of the first failure.
func (u *uploading) answer(w http.ResponseWriter) error {
	type body struct {
		answer
		Results []uploadResult `json:"results"`
	}
	switch {
	case len(u.results) == 0:
		return badRequestf("the body has no file")
	case u.stored == len(u.results):
		writeJSON(w, http.StatusCreated, map[string]any{"results": u.results})
	case u.stored > 0:
		writeJSON(w, http.StatusMultiStatus, map[string]any{"results": u.results})
	default:
		first := answerTo(u.first)
		first.setHeaders(w)
		writeJSON(w, first.status, body{first, u.results})
	}
	return nil
}

func refuse(code attachment.Code, format string, args ...any) error {
	return &attachment.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// uploadError gives what can be wrong with a request the node's words.
func uploadError(err error) error {
	var tooLarge *http.MaxBytesError
	var bad badRequest
	switch {
	case errors.As(err, &tooLarge):
		return refuse(attachment.CodeSizeLimit, "%s", requestTooLarge(tooLarge))
	case errors.As(err, &bad):
		return refuse(attachment.CodeInvalidParams, "%s", string(bad))
	case errors.Is(err, errDeleted):
		return refuse(attachment.CodeInvalidParams, "%s", errDeleted.Error())
	case slowRequest(err):
		return &attachment.Error{Code: attachment.CodeHandler, Message: "the request came too slowly", Retryable: true, Err: err}
	}
	return err
}

// nodeAnswer has the statuses of the node's codes that are not the server's
// fault. The code of the answer is the same in small letters.
func nodeAnswer(e *attachment.Error) (answer, bool) {
	status := map[attachment.Code]int{
		attachment.CodeInvalidParams:     http.StatusBadRequest,
		attachment.CodeSizeLimit:         http.StatusRequestEntityTooLarge,
		attachment.CodeQuotaExceeded:     http.StatusRequestEntityTooLarge,
		attachment.CodeSecurityViolation: http.StatusUnprocessableEntity,
		attachment.CodeInvalidMIMEType:   http.StatusUnprocessableEntity,
		attachment.CodeContentMismatch:   http.StatusUnprocessableEntity,
		attachment.CodeForbidden:         http.StatusForbidden,
	}[e.Code]
	return answer{status: status, Code: strings.ToLower(string(e.Code)), Message: e.Message}, status != 0
}
