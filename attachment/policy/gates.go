package policy

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/filename"
)

// HeadBytes is how much of an attachment Head wants to see, if there is as much.
const HeadBytes = detect.HeadBytes

// TailBytes is how much of the end of an attachment Content reads where
// Decision.EndsSuffice.
const TailBytes = detect.TailBytes

// Name judges what can be judged before any byte is read: the file name and the
// declared type.
func (p *Policy) Name(s Subject) Decision {
	j := p.newJudge(s)
	j.name()
	return j.decision
}

// Head judges the beginning of an attachment: HeadBytes of it, or everything,
// and then complete is true. It repeats what Name judges. If the decision
// allows and sets NeedContent, Content has the last word.
func (p *Policy) Head(s Subject, head []byte, complete bool) Decision {
	j := p.newJudge(s)
	if !j.name() {
		return j.decision
	}
	c := detect.Content{Head: head, Size: -1}
	if complete {
		c = detect.Bytes(head)
	}
	t, err := p.detector().Detect(context.Background(), c)
	if err != nil {
		// A reader that failed on bytes in memory has judged nothing.
		j.decision.NeedContent = true
		return j.decision
	}
	j.judgeType(t)
	if j.decision.Allow {
		j.decision.NeedContent, j.decision.EndsSuffice = needsContent(j.claim, t, complete, p.Detector == nil)
	}
	return j.decision
}

// needsContent reports whether t may turn out worse than its head shows, and
// whether its end tells: of anything that is no container, the default detector
// reads nothing else, for a footer can make a disk image of it.
func needsContent(claim claim, t detect.Type, complete, byDefault bool) (need, endsSuffice bool) {
	switch {
	case t.Container, claim.known && claim.usual.Container:
		return true, false
	case complete:
		return false, false
	case t.MIME == detect.Unknown:
		return true, byDefault
	}
	switch t.Family {
	case detect.Image, detect.Audio, detect.Video, detect.Font, detect.Text:
		return byDefault, byDefault
	case detect.Web, detect.Script, detect.Shortcut:
		return false, false // refused, or in the open
	}
	return t.MIME != "text/calendar" && t.MIME != "text/vcard", false
}

// Content judges the whole attachment. It opens archives to any depth within
// the limits, reads directories and trailers, and repeats what Name judges. Head
// has judged the beginning by itself: an archive is refused for what its first
// header says even if its directory says otherwise.
//
// It returns an error only if r fails or ctx ends; then nothing is decided, and
// the Decision refuses.
func (p *Policy) Content(ctx context.Context, s Subject, r io.ReaderAt, size int64) (Decision, error) {
	j := p.newJudge(s)
	if !j.name() {
		return j.decision, nil
	}
	j.work = p.newWork(size)
	defer p.endWork(j.work)
	if err := j.examine(ctx, r, size); err != nil {
		return Decision{SafeName: j.decision.SafeName}, err
	}
	return j.decision, nil
}

// A judge reaches one decision.
type judge struct {
	policy   *Policy
	subject  Subject
	trail    string // "docs.zip/inner.zip" for a member; "" for the attachment
	nameless bool   // a member of a format that keeps no names
	claim    claim
	work     *work
	decision Decision
}

// claim is what the names say.
type claim struct {
	exts     []string // effective first
	declared string   // MIME type without parameters
	usual    detect.Type
	known    bool // usual says something
}

func (p *Policy) newJudge(s Subject) *judge {
	j := &judge{policy: p, subject: s}
	j.claim.exts = filename.Extensions(s.Filename)
	j.claim.declared = mediaType(s.Declared)
	j.claim.usual, j.claim.known = detect.ByExtension(j.claim.exts[0])
	j.decision = Decision{Allow: true, SafeName: filename.Sanitize(s.Filename)}
	if j.decision.SafeName != s.Filename {
		j.find(FindRenamed, "")
	}
	return j
}

func mediaType(declared string) string {
	declared, _, _ = strings.Cut(declared, ";")
	return strings.ToLower(strings.TrimSpace(declared))
}

func (j *judge) refuse(reason Reason, format string, args ...any) bool {
	j.decision.Allow = false
	j.decision.Reason = reason
	j.decision.Message = fmt.Sprintf(format, args...)
	j.decision.Member = j.trail
	return false
}

// maxFindings keeps the record of a large archive short.
const maxFindings = 50

func (j *judge) find(kind, detail string) {
	if len(j.decision.Findings) < maxFindings {
		j.decision.Findings = append(j.decision.Findings, Finding{Kind: kind, Member: j.trail, Detail: detail})
	}
}

// name judges the names, and reports whether they pass.
func (j *judge) name() bool {
	p, ext := j.policy, j.claim.exts[0]
	switch {
	case strings.HasPrefix(ext, "{"):
		return j.refuse(BlockedExtension, "The name ends in a class identifier, which Windows takes for a kind of program.")
	case p.blocked.extension(ext):
		return j.refuse(BlockedExtension, "Files that end in .%s are not accepted.", ext)
	case p.blocked.mime(j.claim.declared) && !p.allowed.extension(ext):
		return j.refuse(BlockedDeclared, "Attachments of type %.80s are not accepted.", j.claim.declared)
	}
	for _, inner := range j.claim.exts[1:] {
		if !p.blocked.extension(inner) || p.allowed.extension(inner) || inner == ext || isContainerOf(inner, ext) {
			continue
		}
		if isAmbiguous(inner) && j.claim.known {
			j.find(FindInnerExtension, inner)
			continue
		}
		return j.refuse(HiddenExtension, "The name hides the extension .%s, which is not accepted.", inner)
	}
	if j.trail == "" && len(p.only) > 0 && p.onlyExtensions() && !p.only.extension(ext) {
		return j.refuse(TypeNotAllowed, "Only certain kinds of files are accepted, and .%s is none of them.", ext)
	}
	return true
}

// isContainerOf reports whether "x.inner.ext" is a compressed form whose
// content will be judged for itself: "backup.bin.gz".
func isContainerOf(inner, ext string) bool {
	t, known := detect.ByExtension(ext)
	return known && t.Family == detect.Archive && isAmbiguous(inner)
}

// onlyExtensions reports whether the allow-list can be checked by name alone.
func (p *Policy) onlyExtensions() bool {
	for rule := range p.only {
		if rule[0] != 'e' {
			return false
		}
	}
	return true
}

// examine judges content that can be read anywhere.
func (j *judge) examine(ctx context.Context, r io.ReaderAt, size int64) error {
	t, err := j.policy.detector().Detect(ctx, detect.Content{Size: size, At: r})
	if err != nil {
		return err
	}
	if !j.judgeType(t) {
		return nil
	}
	for _, container := range j.containers(t, r, size) {
		if err := j.unpack(ctx, container, r, size); err != nil || !j.decision.Allow {
			return err
		}
	}
	return nil
}
