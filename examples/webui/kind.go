package webui

import (
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
)

// kind is what a person takes a file for.
type kind struct {
	Icon  string // of the sprite, and class of its tile
	Label string
}

func kindOf(mime string) kind {
	is := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(mime, part) {
				return true
			}
		}
		return false
	}
	switch {
	case is("pdf"):
		return kind{"pdf", "PDF"}
	case is("spreadsheet", "ms-excel", "text/csv"):
		return kind{"sheet", "Spreadsheet"}
	case is("presentation", "powerpoint"):
		return kind{"slides", "Presentation"}
	case is("calendar"):
		return kind{"calendar", "Calendar"}
	case is("vcard"):
		return kind{"contact", "Contact"}
	case is("pgp", "pkcs7"):
		return kind{"key", "Signature"}
	}
	t, _ := detect.ByMIME(mime)
	switch t.Family {
	case detect.Image:
		return kind{"image", "Image"}
	case detect.Audio:
		return kind{"audio", "Audio"}
	case detect.Video:
		return kind{"video", "Video"}
	case detect.Text:
		return kind{"text", "Text"}
	case detect.Document:
		return kind{"text", "Document"}
	case detect.Message:
		return kind{"mail", "Message"}
	case detect.Archive, detect.DiskImage:
		return kind{"archive", "Archive"}
	case detect.Executable, detect.Script, detect.Shortcut, detect.Web:
		return kind{"code", "Code"}
	default:
		return kind{"file", "File"}
	}
}
