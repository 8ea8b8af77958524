package policy

import (
	"sync"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/archive"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
)

// Verdict is what becomes of something that has two sides. The zero value
// refuses.
type Verdict int

// The verdicts.
const (
	Refuse Verdict = iota
	Record         // let it pass, and say so in a Finding
)

// A Policy says what is let in. Start from [Default] or [Strict]; Block, Allow
// and Only return changed copies, so that one policy can be the base of many.
// Set the fields before the first use; from then on a Policy is safe for
// concurrent use. Keep it: what one examination worked in serves the next.
type Policy struct {
	// Macros is what becomes of documents with macros under a name that admits
	// them. Default records, Strict refuses.
	Macros Verdict

	// EncryptedArchives and EncryptedDocuments are what becomes of content
	// that nobody can judge. Default refuses archives and records documents,
	// which offices protect with passwords daily; Strict refuses both.
	EncryptedArchives  Verdict
	EncryptedDocuments Verdict

	// UnreadableArchives is what becomes of archives in a format or with a
	// compression that cannot be read here. Refused by Default and Strict.
	UnreadableArchives Verdict

	// Limits bound the look into archives. The zero value stands for the
	// defaults that archive.Limits documents.
	Limits archive.Limits

	// Detector says what bytes are. Defaults to detect.Default().
	Detector detect.Detector

	blocked set
	allowed set // what the host allowed although it is blocked
	only    set // if not empty, what alone is let in

	shared *shared // nil for a Policy that nobody started from Default
}

// shared is what a policy and its copies use again and again. Bytes of earlier
// attachments lie in it, and nobody reads them.
type shared struct {
	detector detect.Detector
	works    sync.Pool
}

// Default returns the policy of a careful mail gateway; see the package
// documentation.
func Default() *Policy {
	p := &Policy{
		Macros:             Record,
		EncryptedArchives:  Refuse,
		EncryptedDocuments: Record,
		UnreadableArchives: Refuse,
		shared:             &shared{detector: detect.Default()},
	}
	return p.Block(
		Extensions(dangerousExtensions()...),
		Types(documentedTypes()...),
		Families(detect.Executable, detect.Script, detect.Shortcut, detect.DiskImage),
	)
}

// Strict returns Default without anything that only might be harmless:
// archives of every kind, web pages, macros, what is encrypted.
func Strict() *Policy {
	p := Default().Block(
		Extensions(archiveExtensions()...),
		Extensions(webExtensions()...),
		Extensions(macroExtensions()...),
		Families(detect.Archive, detect.Web),
	)
	p.Macros = Refuse
	p.EncryptedDocuments = Refuse
	return p
}

// Block returns a copy of p that refuses what rules name.
func (p *Policy) Block(rules ...Rule) *Policy {
	q := *p
	q.blocked = p.blocked.with(rules)
	q.allowed = p.allowed.without(rules)
	return &q
}

// Allow returns a copy of p that lets in what rules name although p refuses it.
// An allowed extension covers what usually goes by that name: after
// Allow(Extensions("js")) a script passes as a.js but not as a.pdf.
func (p *Policy) Allow(rules ...Rule) *Policy {
	q := *p
	q.allowed = p.allowed.with(rules)
	q.blocked = p.blocked.without(rules)
	return &q
}

// Only returns a copy of p that lets in nothing but what rules, or those of an
// earlier Only, name; everything else is [TypeNotAllowed]. What is blocked
// stays so. The list is for attachments, not for the members of archives.
func (p *Policy) Only(rules ...Rule) *Policy {
	q := *p
	q.only = p.only.with(rules)
	return &q
}

func (p *Policy) detector() detect.Detector {
	switch {
	case p.Detector != nil:
		return p.Detector
	case p.shared != nil:
		return p.shared.detector
	}
	return detect.Default()
}

// newWork returns what it takes to examine size bytes; the caller ends it.
func (p *Policy) newWork(size int64) *work {
	if p.shared != nil {
		if w, ok := p.shared.works.Get().(*work); ok {
			w.budget.Reset(p.Limits, size)
			return w
		}
	}
	return &work{budget: archive.NewBudget(p.Limits, size)}
}

func (p *Policy) endWork(w *work) {
	if p.shared != nil {
		p.shared.works.Put(w)
	}
}
