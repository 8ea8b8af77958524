package webui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

const (
	thumbSide      = 96       // pixels, of the longer side
	maxSourceBytes = 20 << 20 // of a file that gets one
	cachedThumbs   = 500      // about 5 kB each
)

// drawable reports whether a file may get a small picture: the raster images
// that the standard library decodes, in Go and so without a decoder's memory
// faults.
func drawable(mime string, size int64) bool {
	switch mime {
	case "image/png", "image/jpeg", "image/gif":
		return size <= maxSourceBytes
	}
	return false
}

// thumbnail answers with a small picture, drawn anew: no byte of the file
// reaches the browser. 204 stands for a file that cannot be drawn.
func (u *ui) thumbnail(w http.ResponseWriter, r *http.Request) {
	record, err := u.picture(r.Context(), r.PathValue("id"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	etag := `"` + record.ContentHash + `"`
	w.Header().Set("Cache-Control", "private, no-cache") // keep it, but ask whether it may still be seen
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	image, err := u.thumbs.of(r.Context(), u.handler, record)
	switch {
	case err != nil:
		u.opts.Logger.WarnContext(r.Context(), "thumbnail not drawn", "attachmentId", record.ID, "error", err)
		w.Header().Del("ETag")
		http.NotFound(w, r)
	case image == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", http.DetectContentType(image))
		_, _ = w.Write(image)
	}
}

// picture returns the record of a file that the caller may see a picture of:
// only what is clean or was skipped has one, whatever else the host serves.
func (u *ui) picture(ctx context.Context, id string) (attachment.EmailAttachment, error) {
	owner, _, err := reach(ctx)
	if err != nil {
		return attachment.EmailAttachment{}, err
	}
	record, err := u.handler.Get(ctx, id)
	if err != nil {
		return attachment.EmailAttachment{}, err
	}
	passed := record.VirusScanStatus == scan.StatusClean || record.VirusScanStatus == scan.StatusSkipped
	if owner != "" && record.UserID != owner || record.IsDeleted || !passed || !drawable(record.MIMEType, record.Size) {
		return attachment.EmailAttachment{}, attachment.ErrNotFound
	}
	return record, nil
}

// thumbnails draws one picture at a time, which bounds the memory of all, and
// remembers some.
type thumbnails struct {
	turn chan struct{}

	mu    sync.Mutex
	drawn map[string][]byte // nil: cannot be drawn
}

func newThumbnails() *thumbnails {
	return &thumbnails{turn: make(chan struct{}, 1), drawn: map[string][]byte{}}
}

// of returns the picture of an attachment; nil if its bytes cannot be drawn.
func (t *thumbnails) of(ctx context.Context, h *attachment.AttachmentHandler, record attachment.EmailAttachment) ([]byte, error) {
	key := record.TenantID + "/" + record.ContentHash
	if image, known := t.recall(key); known {
		return image, nil
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if image, known := t.recall(key); known { // drawn while this one waited
		return image, nil
	}
	body, err := h.Open(ctx, record, 0, -1)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxSourceBytes))
	if err != nil {
		return nil, err
	}
	image, err := shrink(ctx, data)
	if err != nil && !errors.Is(err, errUndrawable) {
		return nil, err
	}
	t.remember(key, image)
	return image, nil
}

func (t *thumbnails) recall(key string) (image []byte, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	image, known = t.drawn[key]
	return image, known
}

// remember makes room by forgetting any other: each can be drawn again.
func (t *thumbnails) remember(key string, image []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for other := range t.drawn {
		if len(t.drawn) < cachedThumbs {
			break
		}
		delete(t.drawn, other)
	}
	t.drawn[key] = bytes.Clone(image)
}
