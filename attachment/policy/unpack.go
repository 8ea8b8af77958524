package policy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/archive"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/zipdir"
)

// errRefused ends a walk once a member has settled the matter.
var errRefused = errors.New("policy: refused")

// work is shared by the judges of an attachment and of everything in it.
type work struct {
	budget *archive.Budget
	head   []byte // the beginning of whatever is being looked at
}

// room returns n bytes to read into, with what the last call left in them. It
// lasts until somebody else asks.
func (w *work) room(n int) []byte {
	if len(w.head) < n {
		w.head = append(w.head, make([]byte, n-len(w.head))...)
	}
	return w.head[:n]
}

// containers returns what r is to be unpacked as: what it is, and what programs
// take it for because of its name. With something else in front, whoever unpacks
// .zip files still finds an archive at the end, whoever shows .pdf files a
// document, and a mail program reads .eml files as mail.
func (j *judge) containers(t detect.Type, r io.ReaderAt, size int64) (all []detect.Type) {
	if t.Container {
		all = append(all, t)
	}
	usual := j.claim.usual
	switch {
	case usual.MIME == pdfType && t.MIME != pdfType && hasPDFHeader(r, size):
		all = append(all, usual)
	case t.Container:
	case usual.MIME == zipType && hasZipDirectory(r, size):
		j.find(FindAppended, zipType)
		all = append(all, usual)
	case usual.MIME == mailType:
		all = append(all, usual)
	}
	return all
}

// unpack judges what is inside a container of type t.
func (j *judge) unpack(ctx context.Context, t detect.Type, r io.ReaderAt, size int64) error {
	if !archive.Readable(t.MIME) {
		return j.unreadable(t, "there is no reader for this format")
	}
	err := archive.Walk(ctx, t.MIME, r, size, j.work.budget, func(m archive.Member, body io.Reader) error {
		return j.member(ctx, m, body)
	})
	switch {
	case err == nil, errors.Is(err, errRefused):
		return nil
	case errors.Is(err, archive.ErrUnsupported):
		return j.unreadable(t, err.Error())
	case errors.Is(err, archive.ErrEncrypted):
		j.judgeEncryption(t)
		return nil
	case errors.Is(err, archive.ErrMalformed) && !errors.Is(err, archive.ErrAmbiguous) && t.Family != detect.Archive:
		// Half the mail in the world is malformed, and a damaged document
		// does not open; an archive that contradicts itself is an attack.
		j.find(FindUnreadable, t.MIME)
		return nil
	}
	if reason, ok := archiveReason(err); ok {
		j.refuse(reason, "The archive cannot be trusted: %.200v.", err)
		return nil
	}
	return err
}

const (
	zipType  = "application/zip"
	mailType = "message/rfc822"
	pdfType  = "application/pdf"
)

// hasPDFHeader reports whether programs that show PDFs would open r: they look
// for the header in the first kilobyte, whatever stands before it.
func hasPDFHeader(r io.ReaderAt, size int64) bool {
	head := make([]byte, min(size, 1<<10))
	n, _ := r.ReadAt(head, 0)
	return bytes.Contains(head[:n], []byte("%PDF-"))
}

func hasZipDirectory(r io.ReaderAt, size int64) bool {
	_, err := zipdir.Open(r, size)
	return err == nil
}

func (j *judge) unreadable(t detect.Type, why string) error {
	if t.Family != detect.Archive {
		return nil // a document with something embedded that is not looked at
	}
	if j.policy.UnreadableArchives == Refuse {
		j.refuse(UnreadableArchive, "The archive (%s) cannot be looked into: %.200s.", t.MIME, why)
	} else {
		j.find(FindUnreadable, t.MIME)
	}
	return nil
}

func archiveReason(err error) (Reason, bool) {
	for _, known := range [...]struct {
		err    error
		reason Reason
	}{
		{archive.ErrBomb, ArchiveBomb},
		{archive.ErrTooDeep, ArchiveTooDeep},
		{archive.ErrTooMany, ArchiveTooMany},
		{archive.ErrMalformed, MalformedArchive},
	} {
		if errors.Is(err, known.err) {
			return known.reason, true
		}
	}
	return "", false
}

// member judges one member as if it had been attached by itself.
func (j *judge) member(ctx context.Context, m archive.Member, body io.Reader) error {
	name := path.Base(strings.ReplaceAll(m.Name, `\`, "/"))
	if m.Name == "" {
		name = j.unpackedName()
	}
	inner := j.policy.newJudge(Subject{Filename: name, Size: max(m.Size, 0), TenantID: j.subject.TenantID})
	inner.nameless = name == ""
	inner.work = j.work
	inner.trail = orName(j.trail, j.decision.SafeName)
	if m.Name != "" {
		inner.trail += "/" + printable(m.Name)
	}
	inner.decision.Findings = nil // a member's name needs no mending: nobody stores it
	err := inner.judgeMember(ctx, m, body)
	if err == nil || errors.Is(err, errRefused) {
		j.adopt(inner.decision)
	}
	if err == nil && !j.decision.Allow {
		return errRefused
	}
	return err
}

// unpackedName is what a tool calls the content of "report.csv.gz"; "" if j is
// nothing that is unpacked so.
func (j *judge) unpackedName() string {
	switch j.claim.exts[0] {
	case "gz", "bz2", "xz", "zst", "lzma", "lz", "z", "bz":
		return j.decision.SafeName[:strings.LastIndexByte(j.decision.SafeName, '.')]
	}
	return ""
}

func (j *judge) judgeMember(ctx context.Context, m archive.Member, body io.Reader) error {
	switch {
	case m.Escapes():
		j.refuse(ArchiveEscape, "A member of the archive would be written outside its folder.")
		return nil
	case m.Link:
		j.refuse(ArchiveLink, "The archive contains a link or a device.")
		return nil
	case m.Dir:
		return nil
	case !j.nameless && !j.name():
		return nil
	case m.Encrypted:
		j.judgeEncryption(detect.Type{Family: detect.Archive})
		return nil
	case m.Unreadable && j.policy.UnreadableArchives == Refuse:
		j.refuse(UnreadableArchive, "A file inside cannot be looked into.")
		return nil
	case m.Unreadable:
		j.find(FindUnreadable, "")
		return nil
	}
	if body == nil {
		return nil // nothing but a name
	}
	return j.examineStream(ctx, body)
}

// examineStream judges a member by its beginning, and unpacks it only if that
// is not enough.
func (j *judge) examineStream(ctx context.Context, body io.Reader) error {
	if s, ok := body.(randomAccess); ok {
		return j.examine(ctx, s, s.Size())
	}
	// A few kilobytes tell most formats; text and the unknown get more.
	head := j.work.room(firstBytes)
	if j.claim.usual.Family == detect.Text || needsSpool(j.claim.usual) {
		head = j.work.room(HeadBytes) // what will be read on is unpacked in larger steps
	}
	n, complete, err := readSome(body, head, firstBytes)
	if err != nil {
		return err
	}
	if complete {
		own := bytes.Clone(head[:n]) // what is nested in it will want the room
		return j.examine(ctx, bytes.NewReader(own), int64(n))
	}
	t, err := j.policy.detector().Detect(ctx, detect.Content{Head: head[:firstBytes], Size: -1})
	if err != nil {
		return err
	}
	if t.MIME == detect.Unknown || t.Family == detect.Text {
		head = j.work.room(HeadBytes)
		more, _, err := readSome(body, head[n:], len(head)-n)
		if err != nil {
			return err
		}
		n += more
		if t, err = j.policy.detector().Detect(ctx, detect.Content{Head: head[:n], Size: -1}); err != nil {
			return err
		}
	}
	head = head[:n]
	if !needsSpool(t) {
		j.judgeType(t)
		return nil
	}
	spool, err := j.work.budget.NewSpool(ctx, io.MultiReader(bytes.NewReader(head), body))
	if err != nil {
		return decodeError(err)
	}
	return errors.Join(j.examine(ctx, spool, spool.Size()), spool.Close())
}

// firstBytes is how much of a member is unpacked at first.
const firstBytes = 4 << 10

// readSome reads least bytes into p, more where they come at once, or reads to
// the end and reports that.
func readSome(r io.Reader, p []byte, least int) (n int, complete bool, err error) {
	n, err = io.ReadAtLeast(r, p, least)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return n, true, nil
	}
	if err != nil {
		return n, false, decodeError(err)
	}
	return n, false, nil
}

type randomAccess interface {
	io.ReaderAt
	Size() int64
}

// needsSpool reports whether a member must be unpacked as a whole: it is a
// container itself, or a document that hides its macros in a directory.
func needsSpool(t detect.Type) bool {
	return t.Container || strings.HasPrefix(t.MIME, "application/vnd.") && t.Family == detect.Document ||
		t.MIME == "application/x-ole-storage" || t.MIME == "application/msword" || t.MIME == "application/encrypted" ||
		t.MIME == "application/epub+zip" || t.MIME == "application/x-msi"
}

// decodeError blames the archive for what a decompressor does not understand.
func decodeError(err error) error {
	if _, known := archiveReason(err); known || errors.Is(err, archive.ErrUnsupported) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", archive.ErrMalformed, err)
}

// adopt takes over what was found out about a member.
func (j *judge) adopt(inner Decision) {
	room := maxFindings - len(j.decision.Findings)
	j.decision.Findings = append(j.decision.Findings, inner.Findings[:min(len(inner.Findings), room)]...)
	j.decision.Type.Macros = j.decision.Type.Macros || inner.Type.Macros
	j.decision.Type.Encrypted = j.decision.Type.Encrypted || inner.Type.Encrypted
	if !inner.Allow {
		j.decision.Allow = false
		j.decision.Reason, j.decision.Message, j.decision.Member = inner.Reason, inner.Message, inner.Member
	}
}

func orName(trail, name string) string {
	if trail != "" {
		return trail
	}
	return name
}

// printable makes a member's name fit for a message.
func printable(name string) string {
	const most = 120
	name = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7F || r == 0xFFFD {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	return name
}
