package detect

import (
	"strings"

	"github.com/gabriel-vasile/mimetype"
	"github.com/h2non/filetype"
)

// libraryBytes is how much the libraries see: exactly mimetype's default limit,
// which is a global that is not ours to change. It takes a slice of that length
// for the beginning of something longer, and a shorter one for all there is.
const libraryBytes = 4096

// matchLibraries asks mimetype, which knows more and checks deeper, then
// h2non/filetype about what mimetype does not know.
func matchLibraries(head []byte) Type {
	head = head[:min(len(head), libraryBytes)]
	mime := canonical(mimetype.Detect(head).String())
	if mime == Unknown {
		if kind, err := filetype.Match(head); err == nil && kind != filetype.Unknown {
			mime = canonical(kind.MIME.Value)
		}
	}
	if contradicts(mime) {
		mime = Unknown
	}
	return of(mime)
}

// contradicts tells types that our own matchers test more strictly; where they
// said no, a library's yes is a false alarm.
func contradicts(mime string) bool {
	switch mime {
	case "application/x-java-applet", "application/java-vm", "application/vnd.microsoft.portable-executable",
		"application/x-msdownload", "application/x-dosexec":
		return true
	}
	return false
}

// canonical strips parameters and settles on one name where several are in use.
func canonical(mime string) string {
	mime, _, _ = strings.Cut(mime, ";")
	mime = strings.ToLower(strings.TrimSpace(mime))
	switch mime {
	case "application/x-rar-compressed", "application/x-rar":
		return "application/vnd.rar"
	case "application/x-zip-compressed", "application/x-zip":
		return "application/zip"
	case "application/x-gzip":
		return "application/gzip"
	case "application/x-zstd":
		return "application/zstd"
	case "application/lzip":
		return "application/x-lzip"
	case "application/x-ms-installer":
		return "application/x-msi"
	case "application/x-sqlite3":
		return "application/vnd.sqlite3"
	case "application/rtf":
		return "text/rtf"
	case "audio/x-wav", "audio/vnd.wave":
		return "audio/wav"
	case "audio/midi", "audio/x-midi":
		return "audio/midi"
	case "audio/m4a":
		return "audio/x-m4a"
	case "video/x-matroska":
		return "video/matroska"
	case "video/x-ms-wmv":
		return "video/x-ms-asf"
	case "image/vnd.microsoft.icon":
		return "image/x-icon"
	case "application/font-sfnt":
		return "font/sfnt"
	case "application/font-woff":
		return "font/woff"
	case "":
		return Unknown
	}
	return mime
}
