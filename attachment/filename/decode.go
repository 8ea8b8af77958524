package filename

import (
	"strings"
	"unicode/utf8"
)

// maxRawBytes bounds the work on a name. A longer one keeps its beginning and
// its end, where the extension is.
const maxRawBytes = 8 << 10

// decodeRounds bounds how often encodings may be nested in each other. Real
// mail nests two deep, when a gateway encodes a name that was encoded already.
const decodeRounds = 3

// Decode undoes what mail software does to a file name and returns valid
// UTF-8. It understands, nested up to three deep:
//
//   - RFC 2047 encoded words, also the malformed ones that clients send:
//     inside quotes, glued together, cut within a character, in mixed charsets;
//   - what is left of RFC 2231 extended values: charset'language'percent-encoded;
//   - percent escapes, also doubled;
//   - overlong UTF-8, and eight-bit text without a label, read as Windows-1252.
//
// The result may still hold anything: separators, control characters, bidi
// overrides. It is for the record; use [Sanitize] for a name.
func Decode(raw string) string {
	name := unquote(shorten(raw))
	for range decodeRounds {
		next := decodeEncodedWords(name)
		next = decodeExtended(next)
		next = unlabelled(decodePercent(next))
		if next == name {
			break
		}
		name = next
	}
	return unlabelled(name)
}

// shorten keeps the work bounded.
func shorten(raw string) string {
	if len(raw) <= maxRawBytes {
		return raw
	}
	head := raw[:maxRawBytes/2]
	for len(head) > 0 && !utf8.RuneStart(raw[len(head)]) {
		head = head[:len(head)-1]
	}
	start := len(raw) - maxRawBytes/2
	for start < len(raw) && !utf8.RuneStart(raw[start]) {
		start++
	}
	return head + raw[start:]
}

// unquote strips the quotes of a parameter value that a careless parser left
// in place, and the backslashes of its quoted pairs (RFC 5322, section 3.2.1).
func unquote(s string) string {
	trimmed := strings.TrimSpace(s)
	if len(trimmed) < 2 || trimmed[0] != '"' || trimmed[len(trimmed)-1] != '"' {
		return s
	}
	inner := trimmed[1 : len(trimmed)-1]
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(inner)
}

// decodeExtended undoes an RFC 2231 extended value that its parser passed on
// whole: charset'language'value. The charset must be a known one, so that
// "O'Brien's letter.pdf" stays as it is.
func decodeExtended(s string) string {
	label, rest, ok := strings.Cut(s, "'")
	if !ok || len(label) > 40 {
		return s
	}
	language, value, ok := strings.Cut(rest, "'")
	if !ok || !isLanguageTag(language) || !knownCharset(label) {
		return s
	}
	return toUTF8(label, decodePercent(value))
}

func isLanguageTag(s string) bool {
	for _, c := range []byte(s) {
		if !isAlnum(c) && c != '-' {
			return false
		}
	}
	return len(s) <= 35
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// decodePercent decodes every %XX until none is left, also those that appear
// by decoding ("%252E"), in one pass: after each byte the end of what was
// written is looked at again.
func decodePercent(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		out = append(out, s[i])
		for n := len(out); n >= 3 && out[n-3] == '%' && isHex(out[n-2]) && isHex(out[n-1]); n = len(out) {
			out = append(out[:n-3], unhex(out[n-2])<<4|unhex(out[n-1]))
		}
	}
	return string(out)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
