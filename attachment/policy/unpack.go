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

// unpack judges what is inside t, if t is a container.
func (j *judge) unpack(ctx context.Context, t detect.Type, r io.ReaderAt, size int64) error {
	if !t.Container {
		if j.claim.usual.MIME != zipType || !hasZipDirectory(r, size) {
			return nil
		}
		// Something else in front, but whoever unpacks .zip files finds an
		// archive at the end.
		j.find(FindAppended, zipType)
		t = j.claim.usual
	}
	if !archive.Readable(t.MIME) {
		return j.unreadable(t, "there is no reader for this format")
	}
	err := archive.Walk(ctx, t.MIME, r, size, j.budget, func(m archive.Member, body io.Reader) error {
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
	case errors.Is(err, archive.ErrMalformed) && t.Family != detect.Archive:
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

const zipType = "application/zip"

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
	inner := j.policy.newJudge(Subject{Filename: path.Base(strings.ReplaceAll(m.Name, `\`, "/")), Size: max(m.Size, 0), TenantID: j.subject.TenantID})
	inner.budget = j.budget
	inner.trail = path.Join(orName(j.trail, j.decision.SafeName), printable(m.Name))
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
	case m.Name != "" && !j.name():
		return nil
	case m.Encrypted:
		j.judgeEncryption(detect.Type{Family: detect.Archive})
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
	head := make([]byte, HeadBytes)
	n, err := io.ReadFull(body, head)
	complete := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !complete {
		return decodeError(err)
	}
	head = head[:n]
	if complete {
		return j.examine(ctx, bytes.NewReader(head), int64(n))
	}
	t, err := j.policy.detector().Detect(ctx, detect.Content{Head: head, Size: -1})
	if err != nil {
		return err
	}
	if !needsSpool(t) {
		j.judgeType(t)
		return nil
	}
	spool, err := j.budget.NewSpool(ctx, io.MultiReader(bytes.NewReader(head), body))
	if err != nil {
		return decodeError(err)
	}
	return errors.Join(j.examine(ctx, spool, spool.Size()), spool.Close())
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
	return strings.TrimPrefix(name, "/")
}
