package policy

import (
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
)

// Subject is what a message says of an attachment.
type Subject struct {
	Filename string // as sent
	Declared string // the MIME type it is declared as; "" if none
	Size     int64  // in bytes; 0 while unknown
	TenantID string // for a host's own gates; this package treats tenants alike
}

// A Reason says why something was refused, for programs. Reasons are stable.
type Reason string

// The reasons.
const (
	BlockedExtension   Reason = "blocked_extension"  // the effective extension is on the list
	HiddenExtension    Reason = "hidden_extension"   // an inner extension is, "invoice.exe.pdf"
	BlockedDeclared    Reason = "blocked_declared"   // the declared MIME type is
	BlockedType        Reason = "blocked_type"       // what the bytes are is
	DisguisedType      Reason = "disguised_type"     // something active under a harmless name
	BlockedMacros      Reason = "blocked_macros"     // the policy takes no macros
	DisguisedMacros    Reason = "disguised_macros"   // macros in a document whose name denies them
	EncryptedArchive   Reason = "encrypted_archive"  // nobody can judge it
	EncryptedDocument  Reason = "encrypted_document" // likewise
	UnreadableArchive  Reason = "unreadable_archive" // a format or method nobody here can read
	MalformedArchive   Reason = "malformed_archive"  // contradicts itself
	ArchiveBomb        Reason = "archive_bomb"       // unpacks to far more than it is
	ArchiveTooDeep     Reason = "archive_too_deep"   // archives within archives within …
	ArchiveTooMany     Reason = "archive_too_many"   // more members than the limit
	ArchiveEscape      Reason = "archive_escape"     // a member would be written outside
	ArchiveLink        Reason = "archive_link"       // a member is a link or a device
	TypeNotAllowed     Reason = "type_not_allowed"   // not on the host's allow-list
	reasonNone         Reason = ""
	codeSecurity              = "SECURITY_VIOLATION"
	codeTypeNotAllowed        = "INVALID_MIME_TYPE"
)

// Code returns the error code of the attachment node that r maps to; "" for no
// reason.
func (r Reason) Code() string {
	switch r {
	case reasonNone:
		return ""
	case TypeNotAllowed:
		return codeTypeNotAllowed
	}
	return codeSecurity
}

// A Decision is what a gate answers. The zero value refuses.
type Decision struct {
	Allow   bool
	Reason  Reason // "" if allowed
	Message string // one sentence for a person; "" if allowed
	Member  string // where in an archive the reason lies: "docs.zip/setup.exe"; "" for the attachment itself

	SafeName string      // the filename, sanitised
	Type     detect.Type // as far as it is known; zero from Name

	// NeedContent is set by Head when only Content can tell.
	NeedContent bool

	// EndsSuffice is set beside NeedContent where Content reads nothing but the
	// first HeadBytes and the last TailBytes, as with pictures and with bytes that
	// nobody recognises: what is long need not be kept for it.
	EndsSuffice bool

	// Findings are what a reader of the record may want to know although it
	// was no reason to refuse.
	Findings []Finding
}

// A Finding is something remarkable that did not lead to a refusal.
type Finding struct {
	Kind   string `json:"kind"`             // stable: the constants below
	Member string `json:"member,omitempty"` // where in an archive; "" for the attachment itself
	Detail string `json:"detail,omitempty"` // for a person
}

// The kinds of findings.
const (
	FindTypeMismatch   = "type_mismatch"   // name or declaration and bytes differ, harmlessly
	FindInnerExtension = "inner_extension" // an inner extension that is also a word or a domain
	FindRenamed        = "renamed"         // the name had to be changed to be safe
	FindMacros         = "macros"
	FindEncrypted      = "encrypted"
	FindUnreadable     = "unreadable" // an archive that could not be looked into, and the policy permits it
	FindAppended       = "appended"   // an archive follows the end of another format
)

// Err returns nil if the decision allows, else a *Violation.
func (d Decision) Err() error {
	if d.Allow {
		return nil
	}
	return &Violation{Reason: d.Reason, Message: d.Message, Member: d.Member}
}

// A Violation is a refusal as an error.
type Violation struct {
	Reason  Reason
	Message string
	Member  string // see Decision
}

func (v *Violation) Error() string {
	if v.Member == "" {
		return fmt.Sprintf("policy: %s: %s", v.Reason, v.Message)
	}
	return fmt.Sprintf("policy: %s: %s (in %.200q)", v.Reason, v.Message, v.Member)
}

// Code returns the error code of the attachment node.
func (v *Violation) Code() string { return v.Reason.Code() }
