package serve

import (
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/filename"
)

// Disposition returns the Content-Disposition of f (RFC 6266): attachment, or
// inline where opts asks for it and the type allows it.
func Disposition(f File, opts *Options) string {
	inline := opts != nil && opts.Inline && (Inert(f.MIME) || opts.PDF && bare(f.MIME) == pdf)
	if inline {
		return contentDisposition("inline", f.Name)
	}
	return contentDisposition("attachment", f.Name)
}

// contentDisposition gives the name twice where ASCII cannot hold it: as
// filename for old clients, and as filename* (RFC 8187) for all others, which
// prefer it.
func contentDisposition(kind, name string) string {
	name = filename.Sanitize(name)
	ascii := asciiName(name)
	header := kind + `; filename="` + ascii + `"`
	if ascii != name {
		header += "; filename*=UTF-8''" + extValue(name)
	}
	return header
}

// asciiName replaces what a quoted string had better not hold. Some browsers
// decode percent escapes in it, so there are none.
func asciiName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7E || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
}

// extValue escapes everything but the attr-char of RFC 8187.
func extValue(name string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for _, c := range []byte(name) {
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if alnum || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			out.WriteByte(c)
			continue
		}
		out.WriteByte('%')
		out.WriteByte(hex[c>>4])
		out.WriteByte(hex[c&0xF])
	}
	return out.String()
}
