package policy

import (
	"fmt"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
)

// judgeType holds what the bytes are against the lists and against the names,
// and reports whether it passes.
func (j *judge) judgeType(t detect.Type) bool {
	p, ext := j.policy, j.claim.exts[0]
	if t.Guessed && !j.runs() {
		// A manual that quotes scripts, under a name that no double click
		// runs: the name knows better than a guess.
		j.find(FindTypeMismatch, "reads like "+t.MIME)
		t = plainText()
	}
	j.decision.Type = t
	honest := j.honest(t)
	permitted := p.allowed.typ(t) || p.allowed.extension(ext) && honest
	switch {
	case p.blocked.typ(t) && !permitted && honest:
		return j.refuse(BlockedType, "The content is %s, which is not accepted.", describe(t))
	case t.Active() && !honest && !permitted:
		return j.refuse(DisguisedType, "The content is %s, but the name says otherwise.", describe(t))
	case p.blocked.typ(t) && !permitted:
		return j.refuse(BlockedType, "The content is %s, which is not accepted.", describe(t))
	case j.trail == "" && len(p.only) > 0 && !p.only.extension(ext) && !p.only.typ(t):
		return j.refuse(TypeNotAllowed, "Only certain kinds of files are accepted, and %s is none of them.", describe(t))
	}
	if t.Macros && !j.judgeMacros(ext) {
		return false
	}
	if t.Encrypted && !j.judgeEncryption(t) {
		return false
	}
	j.compare(t)
	return true
}

// runs reports whether the names make more of a text than something to read: a
// format of its own, which text then only pretends to be, or a script.
func (j *judge) runs() bool {
	switch {
	case j.nameless:
		return true
	case j.claim.known:
		return j.claim.usual.Family != detect.Text
	case j.claim.exts[0] != "":
		return false
	}
	declared, known := detect.ByMIME(j.claim.declared)
	return known && declared.Family != detect.Text && declared.MIME != detect.Unknown
}

func plainText() detect.Type {
	t, _ := detect.ByMIME("text/plain")
	return t
}

// honest reports whether the names admit what t is: the extension claims the
// same type or, if t is active, at least the same family. Without a telling
// extension the declared type speaks.
func (j *judge) honest(t detect.Type) bool {
	if j.nameless {
		return true // there is nothing to lie with
	}
	usual := j.claim.usual
	if !j.claim.known {
		declared, known := detect.ByMIME(j.claim.declared)
		if !known {
			return !t.Active()
		}
		usual = declared
	}
	if usual.MIME == t.MIME || usual.Family == t.Family {
		return true
	}
	// Office opens a table in HTML that a program wrote as .xls or .doc, and
	// runs no script in it; Markdown may consist of HTML.
	return t.MIME == "text/html" && (usual.MIME == "application/vnd.ms-excel" || usual.MIME == "application/msword" || usual.MIME == "text/markdown")
}

func (j *judge) judgeMacros(ext string) bool {
	switch {
	case j.policy.Macros == Refuse:
		return j.refuse(BlockedMacros, "The document contains macros.")
	case !admitsMacros(ext):
		return j.refuse(DisguisedMacros, "The document contains macros, which its name denies.")
	}
	j.find(FindMacros, "")
	return true
}

func (j *judge) judgeEncryption(t detect.Type) bool {
	verdict, reason, what := j.policy.EncryptedDocuments, EncryptedDocument, "document"
	if t.Family == detect.Archive {
		verdict, reason, what = j.policy.EncryptedArchives, EncryptedArchive, "archive"
	}
	if verdict == Refuse {
		return j.refuse(reason, "The %s is encrypted, so its content cannot be judged.", what)
	}
	j.find(FindEncrypted, "")
	return true
}

// compare records a harmless disagreement.
func (j *judge) compare(t detect.Type) {
	var claims []string
	if j.claim.known && j.claim.usual.MIME != t.MIME && !sameThing(j.claim.usual, t) {
		claims = append(claims, "named ."+j.claim.exts[0])
	}
	if d := j.claim.declared; d != "" && d != detect.Unknown && d != t.MIME {
		if declared, known := detect.ByMIME(d); known && declared.MIME != t.MIME && !sameThing(declared, t) {
			claims = append(claims, "declared "+d)
		}
	}
	if len(claims) > 0 {
		j.find(FindTypeMismatch, fmt.Sprintf("%.100s, detected %s", strings.Join(claims, ", "), t.MIME))
	}
}

// sameThing forgives differences that are none: kinds of plain text that look
// alike, and types that only narrow each other.
func sameThing(claimed, found detect.Type) bool {
	switch {
	case claimed.Family == found.Family && claimed.Family != detect.Image && claimed.Family != detect.Document:
		return true
	case found.MIME == detect.Unknown:
		return claimed.MIME == detect.Unknown
	case found.Encrypted && claimed.Family == detect.Document:
		return true
	}
	return claimed.Ext != "" && claimed.Ext == found.Ext
}

func describe(t detect.Type) string {
	switch t.Family {
	case detect.Executable:
		return "a program (" + t.MIME + ")"
	case detect.Script:
		return "a script (" + t.MIME + ")"
	case detect.Shortcut:
		return "a shortcut (" + t.MIME + ")"
	case detect.DiskImage:
		return "a disk image (" + t.MIME + ")"
	case detect.Web:
		return "a web page (" + t.MIME + ")"
	case detect.Archive:
		return "an archive (" + t.MIME + ")"
	}
	return t.MIME
}
