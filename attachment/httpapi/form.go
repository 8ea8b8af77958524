package httpapi

import (
	"errors"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// Limits on what surrounds the files of a form.
const (
	maxPartHeaderBytes = 16 << 10 // of each part; net/http would take 10 MiB
	maxFieldBytes      = 4 << 10
	maxFields          = 64
	maxBoundaryBytes   = 70 // RFC 2046, section 5.1.1
)

// form is the body of an upload, read part by part as it arrives.
type form struct {
	parts   *multipart.Reader
	body    *formBody
	current *multipart.Part
	fields  int // seen so far
}

// file is one part that is a file. Its data ends when the next one is asked
// for.
type file struct {
	name, mimeType string
	fields         fields
	data           io.Reader
}

// fields are what a form says of the file that follows.
type fields struct {
	contentID   string
	contentHash string
	isInline    bool
}

func (a *api) openForm(w http.ResponseWriter, r *http.Request) (*form, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "multipart/form-data" {
		return nil, errMediaType
	}
	boundary := params["boundary"]
	if err != nil || boundary == "" || len(boundary) > maxBoundaryBytes {
		return nil, badRequestf("the Content-Type has no proper boundary")
	}
	paced := &pacedReader{Reader: http.MaxBytesReader(w, r.Body, a.opts.MaxRequestSize), pace: a.pace(w)}
	body := &formBody{src: paced}
	return &form{parts: multipart.NewReader(body, boundary), body: body}, nil
}

// nextFile returns the next file with the fields before it, nil after the last.
// Fields nobody knows are passed over.
func (f *form) nextFile() (*file, error) {
	var said fields
	for {
		part, err := f.nextPart()
		if part == nil || err != nil {
			return nil, err
		}
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		if err != nil || kind != "form-data" {
			return nil, badRequestf("a part of the form has no proper Content-Disposition")
		}
		name, isFile := params["filename"]
		if !isFile {
			if err := f.readField(&said, params["name"], part); err != nil {
				return nil, err
			}
			continue
		}
		if name == "" {
			continue // a browser's file input in which nothing was chosen
		}
		return &file{name: name, mimeType: part.Header.Get("Content-Type"), fields: said, data: fileData{f}}, nil
	}
}

// nextPart leaves the current part and returns the next, nil after the last.
func (f *form) nextPart() (*multipart.Part, error) {
	if f.current != nil {
		if err := f.current.Close(); err != nil { // reads what is left of it
			return nil, f.explain(err)
		}
	}
	f.body.mostNow = maxPartHeaderBytes
	part, err := f.parts.NextRawPart()
	f.body.mostNow = math.MaxInt64
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, f.explain(err)
	}
	f.current = part
	return part, nil
}

// explain returns what a client may know of why the form cannot be read.
func (f *form) explain(err error) error {
	switch {
	case f.body.broken != nil:
		return f.body.broken
	case errors.Is(err, errHeaderTooLarge):
		return badRequestf("the header of a part is larger than %d bytes", maxPartHeaderBytes)
	}
	return errIncomplete
}

const errIncomplete = badRequest("the form is malformed or incomplete")

func (f *form) readField(said *fields, name string, part *multipart.Part) error {
	if f.fields++; f.fields > maxFields {
		return badRequestf("the form has more than %d fields", maxFields)
	}
	text, err := io.ReadAll(io.LimitReader(part, maxFieldBytes+1))
	if err != nil {
		return f.explain(err)
	}
	if len(text) > maxFieldBytes {
		return badRequestf("a field of the form is larger than %d bytes", maxFieldBytes)
	}
	value := strings.TrimSpace(string(text))
	switch name {
	case "contentId":
		said.contentID = value
	case "contentHash":
		said.contentHash = strings.ToLower(value)
	case "isInline":
		if said.isInline, err = strconv.ParseBool(value); err != nil {
			return badRequestf("isInline: must be true or false")
		}
	}
	return nil
}

// fileData reads the current part. It is not the part itself, whose Close reads
// to the end.
type fileData struct{ form *form }

func (d fileData) Read(p []byte) (int, error) {
	n, err := d.form.current.Read(p)
	if err != nil && err != io.EOF {
		d.form.body.broken = d.form.explain(err)
	}
	return n, err
}

// formBody is where the parts come from. It remembers why it broke, which gets
// lost on the way through the layers above.
type formBody struct {
	src     io.Reader
	broken  error // what a client may know of it; nil at a proper end
	mostNow int64 // bytes that may be read before something resets it
}

var errHeaderTooLarge = errors.New("header of a part is too large")

func (b *formBody) Read(p []byte) (int, error) {
	if b.mostNow <= 0 {
		return 0, errHeaderTooLarge
	}
	n, err := b.src.Read(p[:min(int64(len(p)), b.mostNow)])
	b.mostNow -= int64(n)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil, err == io.EOF:
	case errors.As(err, &tooLarge), errors.Is(err, os.ErrDeadlineExceeded):
		b.broken = err
	default:
		b.broken = errIncomplete
	}
	return n, err
}
