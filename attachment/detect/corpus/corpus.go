// Package corpus builds the files on which detection and policy are tested:
// what offices mail, what attackers mail, and what looks like the other.
//
// Nothing is checked in. Files come from encoders of the standard library, from
// tools where they are installed (openssl, xz), from the test data of
// the Go distribution and of both detection libraries, from Debian's
// clamav-testfiles, and from this package's own hand.
package corpus

import "slices"

// A Group is a row in the accuracy table.
type Group string

// The groups.
const (
	Executables Group = "executables"
	Scripts     Group = "scripts"
	ActiveWeb   Group = "active web types"
	Shortcuts   Group = "shortcuts"
	DiskImages  Group = "disk images"
	MacroDocs   Group = "documents with macros"
	Documents   Group = "documents"
	Archives    Group = "archives"
	Images      Group = "images"
	Media       Group = "sound, film, fonts"
	Mail        Group = "mail and signatures"
	Texts       Group = "text and data"
)

// Groups returns all groups in the order of the table.
func Groups() []Group {
	return []Group{Executables, Scripts, ActiveWeb, Shortcuts, DiskImages, MacroDocs, Documents, Archives, Images, Media, Mail, Texts}
}

// A Sample is one file and the truth about it.
type Sample struct {
	Name   string   // an honest file name
	Group  Group    // its row
	Accept []string // MIME types that are right, the usual one first
	Data   []byte

	Macros    bool
	Encrypted bool
}

// Dangerous reports whether a mail gateway must refuse the file under whatever
// name it comes.
func (s Sample) Dangerous() bool {
	switch s.Group {
	case Executables, Scripts, Shortcuts, DiskImages:
		return true
	}
	return false
}

// Build returns the whole corpus. What needs a tool or a file that this machine
// lacks is left out.
func Build() []Sample {
	return slices.Concat(
		executables(), scripts(), web(), shortcuts(), diskImages(), documents(), macroDocuments(), archives(), images(), media(), mail(), texts(),
		found(),
	)
}

func one(group Group, name string, data []byte, accept ...string) Sample {
	return Sample{Name: name, Group: group, Accept: accept, Data: data}
}

func text(group Group, name, data string, accept ...string) Sample {
	return one(group, name, []byte(data), accept...)
}
