package filename

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Extensions returns what raw could be opened as, in lower case and without the
// dot. The first is the effective extension, which Windows, macOS and browsers
// go by; "" if there is none. After it come all inner ones, from right to left,
// each once: those of "invoice.exe.pdf", of the stream in "invoice.exe:x.pdf",
// of what a NUL or a separator cuts off, and of the name before it was decoded.
//
// The result always has at least one element.
func Extensions(raw string) []string {
	exts := []string{effective(Sanitize(raw))}
	exts = appendInner(exts, Decode(raw))
	return appendInner(exts, strings.ToValidUTF8(shorten(raw), "_"))
}

// effective returns the extension of a sanitised name. Compatibility forms
// count as the letters they stand for.
func effective(name string) string {
	name = fold(name)
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return ""
	}
	return strings.Trim(name[dot+1:], " ")
}

// maxInner bounds how many inner extensions are reported.
const maxInner = 256

// appendInner adds the part after every dot that is a plain extension. A part
// ends at whatever some program ends a name at.
func appendInner(exts []string, name string) []string {
	parts := strings.FieldsFunc(fold(name), func(r rune) bool {
		return r < 0x20 && r != '\t' || r == ':' || r == ';' || r == '/' || r == '\\'
	})
	for _, part := range slices.Backward(parts) {
		for {
			dot := strings.LastIndexByte(part, '.')
			if dot < 0 || len(exts) > maxInner {
				break
			}
			ext := strings.TrimSpace(part[dot+1:])
			part = part[:dot]
			if ext != "" && isPlainExt(ext) && !slices.Contains(exts, ext) {
				exts = append(exts, ext)
			}
		}
	}
	return exts
}

// fold brings a name to the form in which extensions are compared: what is
// invisible removed, compatibility forms resolved, lower case.
func fold(name string) string {
	visible := strings.Map(func(r rune) rune {
		if isInvisible(r) && r >= 0x20 {
			return -1
		}
		return r
	}, name)
	return strings.ToLower(norm.NFKC.String(visible))
}
