package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-message"
)

// maxHeaderBytes bounds one header block; go-message's own limit is 1 MiB.
const maxHeaderBytes = 256 << 10

// walkMail shows the attachments of a message. Its body texts are not
// attachments, but may contain some; a message within it is one.
func walkMail(ctx context.Context, w *walker) error {
	entity, err := message.ReadWithOptions(contextReader{ctx, w.section()}, &message.ReadOptions{MaxHeaderBytes: maxHeaderBytes})
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return mailError(err)
	}
	return w.walkEntity(ctx, entity, 0)
}

// maxPartDepth is how deep multiparts may nest within one message.
const maxPartDepth = 20

func (w *walker) walkEntity(ctx context.Context, e *message.Entity, depth int) error {
	if depth > maxPartDepth {
		return ErrTooDeep
	}
	parts := e.MultipartReader()
	if parts == nil {
		name := partName(e)
		kind, _, _ := e.Header.ContentType()
		if name == "" && (strings.HasPrefix(kind, "text/") || kind == "") {
			return w.walkText(ctx, mailBody{e.Body}) // Outlook shows what is in it as attachments
		}
		return w.show(ctx, Member{Name: name, Size: -1}, mailBody{e.Body})
	}
	defer parts.Close()
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			return mailError(err)
		}
		if err := w.walkEntity(ctx, part, depth+1); err != nil {
			return err
		}
	}
}

// partName returns the name as it stands; whoever judges it decodes it.
func partName(e *message.Entity) string {
	if _, params, _ := e.Header.ContentDisposition(); params["filename"] != "" {
		return params["filename"]
	}
	_, params, _ := e.Header.ContentType()
	return params["name"]
}

// mailBody is lenient: what a damaged encoding leaves readable is judged.
type mailBody struct{ r io.Reader }

func (b mailBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && n == 0 && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return 0, io.EOF
	}
	return n, nil
}

func mailError(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}
