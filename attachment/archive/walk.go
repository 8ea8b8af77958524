package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/inflate"
)

// A Member is one thing inside an archive.
type Member struct {
	Name       string // as the archive has it; "" where the format keeps none
	Size       int64  // as claimed; -1 if unknown
	Encrypted  bool
	Unreadable bool // its bytes are encoded in a way that nobody here can read
	Dir        bool
	Link       bool // symbolic or hard link, device: nothing to read, much to fear
}

// Escapes reports whether unpacking the member under its own name would write
// outside the folder chosen for it ("zip slip").
func (m Member) Escapes() bool {
	name := strings.ReplaceAll(m.Name, `\`, "/")
	if strings.HasPrefix(name, "/") || len(name) >= 2 && name[1] == ':' || strings.ContainsRune(name, 0) {
		return true
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.TrimRight(part, " .") == "" && strings.HasPrefix(part, "..") {
			return true
		}
	}
	return false
}

// Visit is shown one member. r yields its bytes, inflated and counted against
// the budget; it is nil for folders, links, encrypted and unreadable members, and becomes
// invalid when Visit returns. An r that is also an io.ReaderAt with a Size
// method needs no spool. Who will read more than a few kilobytes had better say
// so with a large buffer from the start: a member is unpacked no further than
// its reader seems to want.
//
// The error of Visit ends the walk and is returned by Walk as it is.
type Visit func(m Member, r io.Reader) error

// format reads one kind of archive.
type format func(ctx context.Context, w *walker) error

// walker is one archive on its way through.
type walker struct {
	r      io.ReaderAt
	size   int64
	budget *Budget
	visit  Visit

	inflater *inflate.Reader // nil until something is deflated
}

// Readable reports whether Walk can look into archives of this MIME type, as
// package detect names them.
func Readable(mime string) bool { return formatOf(mime) != nil }

func formatOf(mime string) format {
	switch mime {
	case "application/zip":
		return walkZip
	case "application/x-tar":
		return walkTarFile
	case "application/gzip":
		return walkGzip
	case "application/x-bzip2":
		return walkBzip2
	case "application/zstd":
		return walkZstd
	case "application/x-xz":
		return walkXZ
	case "application/x-lzma":
		return walkLZMA
	case "application/x-7z-compressed":
		return walk7z
	case "application/vnd.rar":
		return walkRAR
	case "application/x-cpio":
		return walkCPIO
	case "application/vnd.ms-tnef":
		return walkTNEF
	case "application/onenote":
		return walkOneNote
	case "application/pdf":
		return walkPDF
	case "text/rtf":
		return walkRTF
	case "text/x-uuencode":
		return walkUUEncoded
	case "message/rfc822", "multipart/related":
		return walkMail
	case "application/vnd.ms-outlook", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
		"application/vnd.visio", "application/vnd.ms-publisher", "application/vnd.ms-project", "application/x-ole-storage":
		return walkOLE
	}
	if strings.HasPrefix(mime, "application/vnd.openxmlformats-officedocument.") ||
		strings.HasPrefix(mime, "application/vnd.ms-") && strings.Contains(mime, ".macroenabled.") {
		return walkOOXML
	}
	return nil
}

// Walk shows every member of the archive in r to visit. It fails with an error
// that matches one of the sentinels if the archive is not to be trusted, with
// visit's error, with ctx's, or with r's.
func Walk(ctx context.Context, mime string, r io.ReaderAt, size int64, b *Budget, visit Visit) error {
	read := formatOf(mime)
	if read == nil {
		return fmt.Errorf("%w: no reader for %s", ErrUnsupported, mime)
	}
	if err := b.Enter(); err != nil {
		return err
	}
	defer b.Leave()
	w := &walker{r: r, size: size, budget: b, visit: visit}
	defer func() { b.keepInflater(w.inflater) }()
	return read(ctx, w)
}

// show counts a member, looks whether anybody still waits, and visits.
func (w *walker) show(ctx context.Context, m Member, r io.Reader) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.budget.member(); err != nil {
		return err
	}
	return w.visit(m, r)
}

// inflated counts what comes out of r.
func (w *walker) inflated(ctx context.Context, r io.Reader) io.Reader {
	return contextReader{ctx, meter{r, w.budget}}
}

// malformed classifies what a decoder said. What the budget or the context
// said stays, what it did not understand is the archive's fault.
func malformed(err error) error {
	for _, own := range []error{nil, ErrBomb, ErrTooMany, ErrTooDeep, ErrMalformed, ErrUnsupported, ErrEncrypted, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, own) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}
