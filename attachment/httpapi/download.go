package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/serve"
)

func (a *api) downloadByID(w http.ResponseWriter, r *http.Request) error {
	record, err := a.findLive(r)
	if err != nil {
		return err
	}
	return a.send(w, r, record)
}

func (a *api) downloadByLink(w http.ResponseWriter, r *http.Request) error {
	ctx, record, err := a.handler.FollowLink(r.Context(), r.Method, r.PathValue("storageKey"), r.URL.RawQuery)
	if err != nil {
		return err
	}
	return a.send(w, r.WithContext(ctx), record)
}

// send answers with the bytes of record, or as much as the request wants of
// them. Even an answer without bytes is given only if they are served: a
// cached copy of what was found infected since is not to be confirmed.
func (a *api) send(w http.ResponseWriter, r *http.Request, record attachment.EmailAttachment) error {
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
	serve.SetHeaders(h, serve.File{Name: record.SafeFilename, MIME: record.MIMEType}, nil)
	h.Set("Content-Length", strconv.FormatInt(want.contentLength, 10))
	w.WriteHeader(want.status)
	if r.Method == http.MethodHead {
		return nil
	}
	// No wrapper around w or body: they find sendfile between them.
	sent, err := io.Copy(w, body)
	complete := err == nil && sent == want.length
	a.audit(r.Context(), Event{Action: ActionDownload, Bytes: sent, Complete: complete}, record)
	if !complete {
		a.opts.Logger.LogAttrs(r.Context(), slog.LevelWarn, "download cut short",
			slog.String("attachmentId", record.ID), slog.Int64("sent", sent), slog.Int64("of", want.length), slog.Any("error", err))
		panic(http.ErrAbortHandler) // the client must not take it for complete
	}
	return nil
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
	return unserved{current.VirusScanStatus}
}
