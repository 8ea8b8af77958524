package mailbox

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
)

// walker goes through the MIME tree of one message.
type walker struct {
	*parser
	limited  *limitedReader
	location string

	seen   int // entities, against MaxParts
	parts  []Part
	errs   []error
	broken bool // what follows cannot be read, and that has been said
}

// walk visits the tree, then reads on to the end of the message.
func (w *walker) walk(header textproto.Header, body io.Reader) {
	w.entity(header, body, place{depth: 1})
	if _, err := io.Copy(io.Discard, body); err != nil {
		w.fail("", "", err)
	}
}

// place is where an entity stands in the tree.
type place struct {
	section string // "" for the message itself
	depth   int
	related bool // it is a child of a multipart/related
}

func (p place) child(n int, related bool) place {
	section := fmt.Sprint(n)
	if p.section != "" {
		section = p.section + "." + section
	}
	return place{section: section, depth: p.depth + 1, related: related}
}

func (w *walker) entity(header textproto.Header, body io.Reader, at place) {
	w.seen++
	mediaType, typeParams := parseParams(header.Get("Content-Type"))
	multipart := strings.HasPrefix(mediaType, "multipart/")
	switch {
	case w.seen > w.opts.MaxParts:
		w.fail(at.section, "", ErrTooManyParts)
		w.broken = true
	case multipart && at.depth > w.opts.MaxDepth:
		w.fail(at.section, "", ErrTooDeep)
	case multipart:
		w.multipart(body, typeParams["boundary"], mediaType == "multipart/related", at)
	default:
		w.leaf(header, body, at)
	}
}

// multipart visits the children. A boundary of an outer multipart also ends an
// inner one that forgot its closing line (RFC 2046, section 5.1.2); the end of
// the message does not, for there the rest may be missing.
func (w *walker) multipart(body io.Reader, boundary string, related bool, at place) {
	if boundary == "" {
		w.fail(at.section, "", ErrBoundary)
		return
	}
	end := &endReader{r: body}
	closed := func() bool { return at.depth > 1 && end.err == io.EOF }
	mr := textproto.NewMultipartReader(end, boundary)
	for n := 1; !w.broken; n++ {
		part, err := mr.NextPart()
		child := at.child(n, related)
		switch {
		case errors.Is(err, io.EOF), err != nil && n > 1 && closed():
			return
		case err != nil && end.err == nil:
			w.fail(child.section, "", fmt.Errorf("%w: %w", ErrBoundary, err))
			return
		case err != nil && n == 1:
			w.fail(at.section, "", ErrBoundary)
			return
		case err != nil:
			w.fail(at.section, "", ErrTruncated)
			return
		}
		w.entity(part.Header, &bodyReader{r: part, closed: closed}, child)
	}
}

// leaf keeps the part if it is an attachment.
func (w *walker) leaf(header textproto.Header, body io.Reader, at place) {
	part, ok := describe(header, at)
	if !ok {
		return
	}
	// The charset of text must not be converted, so go-message sees no
	// Content-Type, only how the bytes are encoded.
	var coding message.Header
	coding.Set("Content-Transfer-Encoding", part.Encoding)
	decoded, err := message.New(coding, body)
	if err == nil {
		part.data, err = w.spool.add(decoded.Body)
	}
	if err != nil {
		if b, ok := body.(*bodyReader); ok && errors.Is(b.err, io.ErrUnexpectedEOF) {
			err = ErrTruncated
		}
		w.fail(part.Section, part.Filename, err)
		return
	}
	part.Size = part.data.Size()
	w.parts = append(w.parts, part)
}

// fail records a fault. A broken stream is noticed on every level above the
// part it broke in; only the innermost says so.
func (w *walker) fail(section, filename string, err error) {
	if w.broken {
		return
	}
	if w.limited.err != nil {
		err = w.limited.err
	}
	w.broken = w.limited.err != nil || errors.Is(err, ErrTruncated)
	w.errs = append(w.errs, &Error{Location: w.location, Section: section, Filename: filename, Err: err})
}

// endReader remembers how its source ended.
type endReader struct {
	r   io.Reader
	err error
}

func (e *endReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil {
		e.err = err
	}
	return n, err
}

// bodyReader is the body of a part, which ends where its multipart does.
type bodyReader struct {
	r      io.Reader
	closed func() bool
	err    error
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.ErrUnexpectedEOF && b.closed() {
		err = io.EOF
	}
	if err != nil {
		b.err = err
	}
	return n, err
}
