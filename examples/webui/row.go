package webui

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// row is one attachment as it is shown.
type row struct {
	attachment.EmailAttachment
	Kind    kind
	Status  status
	Message string // subject of its message, on pages across messages
	Admin   bool   // the viewer may administer
}

func newRow(record attachment.EmailAttachment, admin bool) row {
	return row{EmailAttachment: record, Kind: kindOf(record.MIMEType), Status: statusOf(record.VirusScanStatus), Admin: admin}
}

// Stem and Ext are the name in two parts: a long one is cut in the first, and
// what decides how it opens stays in view.
func (r row) Stem() string { return r.SafeFilename[:len(r.SafeFilename)-len(r.Ext())] }

// Ext has its dot; "" if there is no extension worth the name.
func (r row) Ext() string {
	const longest = 12
	ext := path.Ext(r.SafeFilename)
	if ext == r.SafeFilename || ext == "." || utf8.RuneCountInString(ext) > longest {
		return ""
	}
	return ext
}

// Served reports whether the default policy hands out the bytes. A host whose
// policy is stricter refuses the download nevertheless.
func (r row) Served() bool { return !r.IsDeleted && r.Status.Served }

// Quarantined reports whether a verdict, or a person, withholds it.
func (r row) Quarantined() bool {
	return r.VirusScanStatus == scan.StatusInfected || r.VirusScanStatus == scan.StatusSuspicious
}

// Thumb reports whether a small picture is worth asking for.
func (r row) Thumb() bool { return r.Served() && drawable(r.MIMEType, r.Size) }

// SentAs is the sender's own name for it, where that is another.
func (r row) SentAs() string {
	if r.Filename == r.SafeFilename {
		return ""
	}
	return visible(r.Filename)
}

// Declared is the type the sender gave, where the bytes say otherwise.
func (r row) Declared() string {
	if r.DeclaredMIMEType == r.MIMEType {
		return ""
	}
	return visible(r.DeclaredMIMEType)
}

// Note says why the bytes are withheld, or why nobody looked.
func (r row) Note() string {
	if r.VirusScanStatus == scan.StatusClean || r.VirusScanStatus == scan.StatusPending {
		return ""
	}
	var parts []string
	if details := r.VirusScanDetails; details != nil {
		parts = []string{details.Threat, details.Detail}
		if details.Threat != "" && details.Engine != "" {
			parts[0] += ", found by " + details.Engine
		}
		parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	}
	return visible(cmp.Or(strings.Join(parts, " · "), r.Status.Note))
}
