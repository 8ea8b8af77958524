package detect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/inflate"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/uuencode"
)

// HeadBytes is how much of the beginning a Detector makes use of. It reaches
// past the volume descriptors of an ISO image.
const HeadBytes = 64 << 10

// TailBytes is how much of the end the default Detector looks at where the
// beginning tells it nothing.
const TailBytes = 512

// Content is what is known of a file while it is being looked at.
type Content struct {
	// Head is the beginning of the file: at least HeadBytes of it, or all.
	// May be empty where At is set.
	Head []byte

	// Size is the whole length; negative while it is not known.
	Size int64

	// At reads anywhere in the file; nil while only the head is there. Then
	// what hides behind a directory or a trailer (macros, the kind of an
	// office document, a disk image's footer) may go unseen.
	At io.ReaderAt
}

// Bytes returns a Content that is wholly in memory.
func Bytes(b []byte) Content {
	return Content{Head: b[:min(len(b), HeadBytes)], Size: int64(len(b)), At: bytes.NewReader(b)}
}

// A Detector says what a content is. Implementations are safe for concurrent
// use.
type Detector interface {
	// Detect returns the type of c, Unknown if nothing recognises it. It
	// fails only if c.At does, or ctx ends; malformed content is not an error.
	Detect(ctx context.Context, c Content) (Type, error)
}

// DetectorFunc is a function as a Detector.
type DetectorFunc func(ctx context.Context, c Content) (Type, error)

// Detect calls f.
func (f DetectorFunc) Detect(ctx context.Context, c Content) (Type, error) { return f(ctx, c) }

// Default returns the detector that this package is about. It uses the memory
// of one call for the next, so that keeping it pays.
func Default() Detector { return new(detector) }

// detector lends every call a room.
type detector struct{ rooms sync.Pool }

// A room is what one call works in. It may be full of what the last one read.
type room struct {
	head     []byte
	inflater inflate.Reader
}

// bytes returns n bytes to read into.
func (r *room) bytes(n int) []byte {
	if len(r.head) < n {
		r.head = make([]byte, n)
	}
	return r.head[:n]
}

// Detect implements Detector.
func (d *detector) Detect(ctx context.Context, c Content) (Type, error) {
	if err := ctx.Err(); err != nil {
		return Type{}, err
	}
	r, ok := d.rooms.Get().(*room)
	if !ok {
		r = new(room)
	}
	defer d.rooms.Put(r)
	return detect(c, r)
}

func detect(c Content, room *room) (Type, error) {
	head, err := c.head(firstBytes, room)
	if err != nil {
		return Type{}, err
	}
	switch matchMagic(head) {
	case zipMagic:
		return detectZip(c, head, room)
	case oleMagic:
		return detectOLE(c, head)
	case pdfMagic:
		return detectPDF(c, head)
	}
	if head, err = c.head(HeadBytes, room); err != nil {
		return Type{}, err
	}
	if mime := matchMagic(head); mime != "" {
		return of(mime), nil
	}
	if s, ok := newSample(head); ok {
		if t, ok := matchText(s); ok {
			return t, nil
		}
		if uuencode.Contains(head) {
			return of("text/x-uuencode"), nil // behind a text
		}
	}
	if isBinaryMail(head) {
		return of("message/rfc822"), nil
	}
	if t, ok, err := matchTail(c); ok || err != nil {
		return t, err
	}
	return matchLibraries(head), nil
}

// firstBytes suffice for formats that keep their truth elsewhere.
const firstBytes = 4 << 10

// head returns the first n bytes of c, fewer if there are fewer, as far as c has
// them or can read them. What it reads lies in room.
func (c Content) head(n int, room *room) ([]byte, error) {
	if len(c.Head) >= n || c.At == nil || int64(len(c.Head)) >= c.Size {
		return c.Head[:min(len(c.Head), n)], nil
	}
	buf := room.bytes(int(min(int64(n), c.Size)))
	got, err := c.At.ReadAt(buf, 0)
	if got == len(buf) {
		return buf, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return nil, err
}

// tail returns up to n bytes from the end of c; nil while At is missing.
func (c Content) tail(n int64) ([]byte, error) {
	if c.At == nil || c.Size <= 0 {
		return nil, nil
	}
	n = min(n, c.Size)
	if c.Size <= int64(len(c.Head)) {
		return c.Head[c.Size-n : c.Size], nil
	}
	buf := make([]byte, n)
	got, err := c.At.ReadAt(buf, c.Size-n)
	if got == len(buf) {
		return buf, nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return nil, err
}
