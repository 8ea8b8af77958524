package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/serve"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

func (a *api) downloadByID(w http.ResponseWriter, r *http.Request) error {
	record, err := a.findLive(r)
	if err != nil {
		return err
	}
	show := &serve.Options{PDF: a.opts.InlinePDF}
	switch r.URL.Query().Get("disposition") {
	case "", "attachment":
	case "inline":
		show.Inline = a.opts.Inline && !activeByName(record.SafeFilename)
	default:
		return badRequestf("disposition: must be attachment or inline")
	}
	return a.send(w, r, record, show)
}

// activeByName reports whether a name calls for a program, a script or a page,
// whatever the bytes are: such a file is not shown even as text.
func activeByName(name string) bool {
	t, known := detect.ByExtension(strings.TrimPrefix(path.Ext(name), "."))
	return known && t.Active()
}

func (a *api) downloadByLink(w http.ResponseWriter, r *http.Request) error {
	ctx, record, err := a.handler.FollowLink(r.Context(), r.Method, r.PathValue("storageKey"), r.URL.RawQuery)
	if err != nil {
		return err
	}
	r = r.WithContext(ctx)
	if a.opts.Redirect > 0 && r.Method == http.MethodGet {
		if done, err := a.redirect(w, r, record); done || err != nil {
			return err
		}
	}
	return a.send(w, r, record, nil)
}

// redirect sends the bearer to the store's backend. It is not done where the
// backend cannot, or where the content is served from here only.
func (a *api) redirect(w http.ResponseWriter, r *http.Request, record attachment.EmailAttachment) (done bool, err error) {
	file := served(record)
	url, err := a.handler.BackendURL(r.Context(), record, &blob.SignURLOptions{
		Expires: a.opts.Redirect, ContentType: serve.ContentType(file.MIME), ContentDisposition: serve.Disposition(file, nil),
	})
	if errors.Is(err, blob.ErrUnsupported) || errors.Is(err, attachment.ErrNotServed) {
		return false, nil
	}
	if err == nil {
		err = a.opts.Quota(r.Context(), record.TenantID, record.Size)
	}
	if err != nil {
		return false, err
	}
	h := w.Header()
	h.Set("Location", url)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusFound)
	a.audit(r.Context(), Event{Action: ActionDownload, Redirected: true}, record)
	return true, nil
}

func served(record attachment.EmailAttachment) serve.File {
	return serve.File{Name: record.SafeFilename, MIME: record.MIMEType}
}

// send answers with the bytes of record, or as much as the request wants of
// them. Even an answer without bytes is given only if they are served: a
// cached copy of what was found infected since is not to be confirmed.
func (a *api) send(w http.ResponseWriter, r *http.Request, record attachment.EmailAttachment, show *serve.Options) error {
	etag := `"` + record.ContentHash + `"`
	want := selectBytes(r, record.Size, etag)
	body, err := a.handler.Open(r.Context(), record, want.offset, want.length)
	if err != nil {
		return a.whyUnserved(r.Context(), record, err)
	}
	defer body.Close()
	if body.Info.Size != record.Size {
		return fmt.Errorf("blob of attachment %s has %d bytes, its record says %d", record.ID, body.Info.Size, record.Size)
	}
	if want.length > 0 {
		if err := a.opts.Quota(r.Context(), record.TenantID, want.length); err != nil {
			return err
		}
	}

	h := w.Header()
	h.Set("ETag", etag)
	h.Set("Cache-Control", "private, no-cache") // keep it, but ask each time whether it may still be seen
	h.Set("Accept-Ranges", "bytes")
	switch want.status {
	case http.StatusNotModified:
		w.WriteHeader(want.status)
		return nil
	case http.StatusPreconditionFailed:
		write(w, answer{status: want.status, Code: "precondition_failed", Message: "the attachment is another one"})
		return nil
	case http.StatusRequestedRangeNotSatisfiable:
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", record.Size))
		write(w, answer{status: want.status, Code: "range_not_satisfiable", Message: "the attachment is shorter"})
		return nil
	case http.StatusPartialContent:
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", want.offset, want.offset+want.length-1, record.Size))
	}
	serve.SetHeaders(h, served(record), show)
	h.Set("Content-Length", strconv.FormatInt(want.contentLength, 10))
	w.WriteHeader(want.status)
	if r.Method != http.MethodHead {
		a.stream(w, r, record, body, want.length)
	}
	return nil
}

// stream sends body, of which the client expects so many bytes. What cannot be
// sent to the end is cut, so that nobody takes it for complete.
func (a *api) stream(w http.ResponseWriter, r *http.Request, record attachment.EmailAttachment, body *blob.Reader, length int64) {
	sent, err := io.Copy(&pacedWriter{w, a.pace(w)}, body)
	complete := err == nil && sent == length
	a.audit(r.Context(), Event{Action: ActionDownload, Bytes: sent, Complete: complete}, record)
	if complete {
		return
	}
	a.opts.Logger.LogAttrs(r.Context(), slog.LevelWarn, "download cut short",
		slog.String("attachmentId", record.ID), slog.Int64("sent", sent), slog.Int64("of", length), slog.Any("error", err))
	panic(http.ErrAbortHandler)
}

// whyUnserved says which scan status keeps an attachment from being served.
func (a *api) whyUnserved(ctx context.Context, record attachment.EmailAttachment, err error) error {
	if !errors.Is(err, attachment.ErrNotServed) {
		return err
	}
	// The record at hand may be older than the refusal.
	current, err := a.handler.Get(ctx, record.ID)
	if err != nil {
		return err
	}
	if current.VirusScanStatus == scan.StatusClean { // it came after the refusal: ask again
		return unserved{scan.StatusPending}
	}
	return unserved{current.VirusScanStatus}
}
