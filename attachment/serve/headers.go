package serve

import (
	"net/http"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
)

// A File is what is to be served.
type File struct {
	Name string // any; it is sanitised
	MIME string // as detected from the bytes
}

// Options shapes the answer. Nil stands for the defaults.
type Options struct {
	// Inline asks for the file to be shown rather than saved. It is granted
	// for the types that [Inert] lists and ignored for all others. Defaults to
	// false.
	Inline bool

	// PDF counts PDF among the inert types. A browser's viewer runs a
	// document's scripts in a sandbox of its own, which its sandboxing by
	// header would switch off; so those headers are weaker. Defaults to false.
	PDF bool
}

// The policies sent along. Scripts, frames, forms and requests are forbidden;
// media may play itself, and the viewer's own style may apply.
const (
	sandboxed = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
	viewed    = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

// SetHeaders sets on h everything that keeps f from doing harm in a browser:
// Content-Type, Content-Disposition, X-Content-Type-Options,
// Content-Security-Policy, Cross-Origin-Resource-Policy, Referrer-Policy and
// X-Download-Options. Caching is left to the caller.
func SetHeaders(h http.Header, f File, opts *Options) {
	if opts == nil {
		opts = &Options{}
	}
	h.Set("Content-Type", ContentType(f.MIME))
	h.Set("Content-Disposition", Disposition(f, opts))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Download-Options", "noopen")
	csp := sandboxed
	if opts.Inline && opts.PDF && bare(f.MIME) == pdf {
		csp = viewed
	}
	h.Set("Content-Security-Policy", csp)
}

const pdf = "application/pdf"

// Inert reports whether a browser may show a file of this type: raster images
// that every browser draws without a plug-in, sound, film, and plain text.
func Inert(mime string) bool {
	switch bare(mime) {
	case "image/png", "image/apng", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/x-icon",
		"audio/mpeg", "audio/ogg", "audio/wav", "audio/flac", "audio/aac", "audio/mp4", "audio/x-m4a",
		"video/mp4", "video/webm", "video/ogg", "video/quicktime", "text/plain":
		return true
	}
	return false
}

// ContentType returns what to call a file whose detected type is mime: the type
// itself if it is harmless; text/plain for text, so that no kind of it is taken
// for a page; application/octet-stream for what is active or unknown.
func ContentType(mime string) string {
	mime = bare(mime)
	t, known := detect.ByMIME(mime)
	switch {
	case !known, t.Active():
		return detect.Unknown
	case mime == "text/calendar", mime == "text/vcard", mime == "text/csv":
		return mime + "; charset=utf-8"
	case strings.HasPrefix(mime, "text/"), strings.HasSuffix(mime, "xml"):
		return "text/plain; charset=utf-8"
	}
	return mime
}

// bare strips parameters. What is not a plain type/subtype comes back empty, so
// that nothing else reaches a header.
func bare(mime string) string {
	mime, _, _ = strings.Cut(mime, ";")
	mime = strings.ToLower(strings.TrimSpace(mime))
	top, sub, ok := strings.Cut(mime, "/")
	if !ok || !isToken(top) || !isToken(sub) {
		return ""
	}
	return mime
}

// isToken follows RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		alnum := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !alnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}
