package filename

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxBytes is the longest name that file systems and object keys take for one
// segment.
const MaxBytes = 255

// maxExtBytes is the longest extension worth keeping when a name is cut.
// Windows knows "settingcontent-ms"; a longer one is part of the name.
const maxExtBytes = 32

// fallback is the name of what has none.
const fallback = "attachment"

// Sanitize returns a name for raw that is safe as a file name on Windows, macOS
// and Linux, as the last segment of a key, and in a header. It decodes as
// [Decode] does, and what it returns
//
//   - is never empty, and valid UTF-8 in Unicode's NFC form;
//   - has no separator and no character Windows reserves (<>:"/\|?*), also
//     after compatibility decomposition;
//   - has no control, format, bidi, zero-width, private or unassigned
//     character, and no blank but the plain space;
//   - neither begins nor ends with a dot or a space, and names no Windows
//     device and no alternate data stream;
//   - has at most [MaxBytes] bytes, cut between characters, extension kept;
//   - comes back unchanged when sanitised again.
func Sanitize(raw string) string {
	name := Decode(raw)
	name = stripStreamType(name)
	name = lastElement(name)
	name = replaceRunes(name)
	name = norm.NFC.String(name)
	name = neutralise(name)
	name = trimEnds(name)
	name = avoidDevice(name)
	return cut(name)
}

// stripStreamType removes the type of an NTFS stream: "a.exe::$DATA" opens
// a.exe. The name of another stream stays and its colon is replaced.
func stripStreamType(name string) string {
	for {
		trimmed := strings.TrimRight(name, " .\x00")
		colon := strings.LastIndexByte(trimmed, ':')
		if colon < 0 || !strings.HasPrefix(trimmed[colon+1:], "$") {
			return name
		}
		name = strings.TrimSuffix(trimmed[:colon], ":")
	}
}

// lastElement drops the folders that old clients send along. Where nothing
// follows the last separator, what stands before it is the name.
func lastElement(name string) string {
	name = strings.TrimRight(name, `/\ `)
	return name[strings.LastIndexAny(name, `/\`)+1:]
}

func replaceRunes(name string) string {
	var out strings.Builder
	out.Grow(len(name))
	for _, r := range name {
		switch {
		case r < utf8.RuneSelf && !isReservedByte(byte(r)):
			out.WriteRune(r)
		case isDotLike(r):
			out.WriteByte('.')
		case unicode.Is(unicode.Z, r), r == '\t', r == '\n', r == '\r':
			out.WriteByte(' ')
		case isInvisible(r):
			// dropped: nobody sees it, so nobody misses it
		case r < utf8.RuneSelf, !unicode.IsGraphic(r), r == utf8.RuneError, hidesReserved(r):
			out.WriteByte('_')
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// isReservedByte tells what Windows takes in no name, and control characters.
func isReservedByte(c byte) bool {
	return c < 0x20 || c == 0x7F || strings.IndexByte(`<>:"/\|?*`, c) >= 0
}

// isDotLike finds what decomposes to a full stop. "invoice．exe" would be read
// as an extension by whatever normalises names later.
func isDotLike(r rune) bool {
	return r == '\u2024' || r == '\uFE52' || r == '\uFF0E'
}

// isInvisible finds what draws nothing: controls, bidi and zero-width marks,
// variation selectors, fillers.
func isInvisible(r rune) bool {
	if ' ' <= r && r <= '~' {
		return false // as in most names
	}
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) ||
		unicode.Is(unicode.Variation_Selector, r) ||
		r == '\u2800' // a Braille cell without dots
}

// hidesReserved finds a character that becomes a reserved one when normalised:
// full-width solidus, "care of", and their like.
func hidesReserved(r rune) bool {
	var in [utf8.UTFMax]byte
	var out [64]byte // the longest decomposition has 18 characters
	n := utf8.EncodeRune(in[:], r)
	for _, c := range norm.NFKD.Append(out[:0], in[:n]...) {
		if isReservedByte(c) {
			return true
		}
	}
	return false
}

// neutralise makes sure that nobody who decodes the name again gets another
// one: taking out invisible characters can leave a new escape behind.
func neutralise(name string) string {
	for decodeExtended(name) != name {
		name = strings.Replace(name, "'", "_", 1)
	}
	if !strings.Contains(name, "%") {
		return name
	}
	b := []byte(name)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' && isHex(b[i+1]) && isHex(b[i+2]) {
			b[i] = '_'
		}
	}
	return string(b)
}

// trimEnds drops leading and trailing blanks and dots: Windows ignores trailing
// ones, so "a.exe. ." opens as a.exe, and leading ones hide a file on Unix. A
// name that was all extension keeps it.
func trimEnds(name string) string {
	hidden := strings.HasPrefix(strings.TrimLeft(name, " "), ".")
	name = strings.Trim(name, " .")
	switch {
	case name == "":
		return fallback
	case hidden && isPlainExt(name):
		return fallback + "." + name
	default:
		return name
	}
}

func isPlainExt(s string) bool {
	for _, c := range []byte(s) {
		if !isAlnum(c) && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) <= maxExtBytes
}

// avoidDevice keeps clear of the names that Windows reads as devices, with any
// extension.
func avoidDevice(name string) string {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return "_" + name
	}
	if port, ok := strings.CutPrefix(stem, "COM"); ok && isPort(port) {
		return "_" + name
	}
	if port, ok := strings.CutPrefix(stem, "LPT"); ok && isPort(port) {
		return "_" + name
	}
	return name
}

// isPort also knows the superscripts that Windows takes for digits.
func isPort(s string) bool {
	return s == "¹" || s == "²" || s == "³" || len(s) == 1 && '0' <= s[0] && s[0] <= '9'
}

// cut shortens name to MaxBytes at a character boundary and keeps the
// extension.
func cut(name string) string {
	if len(name) <= MaxBytes {
		return name
	}
	ext := ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot-1 <= maxExtBytes {
		ext = name[dot:]
	}
	stem := name[:MaxBytes-len(ext)]
	for len(stem) > 0 && !utf8.RuneStart(name[len(stem)]) {
		stem = stem[:len(stem)-1]
	}
	if ext == "" {
		stem = strings.TrimRight(stem, " .")
	}
	return stem + ext
}
