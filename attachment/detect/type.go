package detect

import "strings"

// Unknown is the type of bytes that nothing recognises.
const Unknown = "application/octet-stream"

// A Type is what a file was found to be. The zero value means that nobody has
// looked; an unrecognised file has MIME [Unknown].
type Type struct {
	MIME   string `json:"mime"`             // lower case, without parameters
	Ext    string `json:"ext,omitempty"`    // the usual extension, without the dot
	Family Family `json:"family,omitempty"` // what such files can do

	Macros    bool `json:"macros,omitempty"`    // a document that carries VBA, XLM or Basic
	Encrypted bool `json:"encrypted,omitempty"` // at least a part cannot be read without a key
	Container bool `json:"container,omitempty"` // holds further files that deserve a look

	// Guessed is set where no signature but the choice of words speaks for the
	// type: a script in a language that needs no first line. A text that
	// quotes a lot of code looks the same.
	Guessed bool `json:"guessed,omitempty"`
}

// Active reports whether opening such a file runs code or mounts something
// that might: a program, script, shortcut, disk image or web page.
func (t Type) Active() bool {
	switch t.Family {
	case Executable, Script, Shortcut, DiskImage, Web:
		return true
	}
	return false
}

// Family groups types by what they can do to the one who opens them.
type Family string

// The families.
const (
	Text       Family = "text"
	Image      Family = "image"
	Audio      Family = "audio"
	Video      Family = "video"
	Font       Family = "font"
	Document   Family = "document"   // PDF, office formats, e-books
	Message    Family = "message"    // mail, calendars, contacts, signatures, keys
	Data       Family = "data"       // databases and the like
	Archive    Family = "archive"    // judged by what is inside
	DiskImage  Family = "disk-image" // mounted on a double click, without the mark of the web
	Executable Family = "executable" // programs, libraries, packages, installers
	Script     Family = "script"     // run by an interpreter of the operating system
	Shortcut   Family = "shortcut"   // makes the system open something else
	Web        Family = "web"        // runs code inside a browser
)

// of returns the type that mime names, with what is known about it.
func of(mime string) Type {
	ext, family := describe(mime)
	return Type{MIME: mime, Ext: ext, Family: family, Container: family == Archive || holdsFiles(mime)}
}

// holdsFiles tells containers that are not archives. Compound files are added
// where something is found in them.
func holdsFiles(mime string) bool {
	switch mime {
	case "message/rfc822", "application/vnd.ms-outlook", "application/onenote", "application/pdf", "text/rtf":
		return true
	}
	return strings.HasPrefix(mime, ooxml) || strings.HasPrefix(mime, "application/vnd.ms-") && strings.Contains(mime, ".macroenabled.")
}

// ByMIME returns what is known about a MIME type without parameters; false if
// nothing is.
func ByMIME(mime string) (Type, bool) {
	t := of(mime)
	return t, t.Family != ""
}
