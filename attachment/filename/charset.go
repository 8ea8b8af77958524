package filename

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

func knownCharset(label string) bool {
	return isUTF8Label(label) || isUTF7Label(label) || lookupCharset(label) != nil
}

func isUTF8Label(label string) bool {
	switch strings.ToLower(label) {
	case "utf-8", "utf8", "us-ascii", "ascii", "unknown-8bit":
		return true
	}
	return false
}

// isUTF7Label matters because a filter that does not read UTF-7 sees
// "+AC4-exe" where the mail program that does sees ".exe".
func isUTF7Label(label string) bool {
	switch strings.ToLower(label) {
	case "utf-7", "utf7", "unicode-1-1-utf-7", "csunicode11utf7":
		return true
	}
	return false
}

// lookupCharset asks the WHATWG list first, because it says what software
// means by a label ("iso-8859-1" is Windows-1252), then the IANA registry.
func lookupCharset(label string) encoding.Encoding {
	if label == "" {
		return nil
	}
	if e, err := htmlindex.Get(label); err == nil && e != encoding.Replacement {
		return e
	}
	if e, err := ianaindex.MIME.Encoding(label); err == nil {
		return e
	}
	return nil
}

// toUTF8 reads text in the charset that label names; an unknown one counts as
// unlabelled.
func toUTF8(label, text string) string {
	if isUTF7Label(label) {
		return unlabelled(decodeUTF7(text))
	}
	if isUTF8Label(label) {
		return unlabelled(text)
	}
	e := lookupCharset(label)
	if e == nil {
		return unlabelled(text)
	}
	decoded, err := e.NewDecoder().String(text)
	if err != nil {
		return unlabelled(text)
	}
	return strings.ToValidUTF8(decoded, "\uFFFD")
}

// unlabelled makes UTF-8 of text that says nothing about its charset: UTF-8
// as it is, then UTF-8 with overlong forms, then Windows-1252, which has a
// character for nearly every byte.
func unlabelled(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	if lenient, ok := decodeOverlong(text); ok {
		return lenient
	}
	decoded, err := charmap.Windows1252.NewDecoder().String(text)
	if err != nil {
		return strings.ToValidUTF8(text, "\uFFFD")
	}
	return decoded
}

// decodeOverlong reads UTF-8 as it was before RFC 3629 forbade forms longer
// than necessary: C0 AE is a dot, and old software still takes it for one. It
// also joins surrogate pairs that were encoded one by one (CESU-8).
func decodeOverlong(s string) (string, bool) {
	var out strings.Builder
	var high rune
	for i := 0; i < len(s); {
		r, n := laxRune(s[i:])
		if n == 0 {
			return "", false
		}
		i += n
		if high != 0 {
			pair := utf16.DecodeRune(high, r)
			high = 0
			out.WriteRune(pair)
			if pair != utf8.RuneError {
				continue
			}
		}
		if 0xD800 <= r && r < 0xDC00 {
			high = r
			continue
		}
		out.WriteRune(r) // writes U+FFFD for a lone surrogate
	}
	if high != 0 {
		out.WriteRune(utf8.RuneError)
	}
	return out.String(), true
}

// laxRune decodes one sequence of up to four bytes whose shape is right,
// whatever its value; n is 0 if the shape is wrong.
func laxRune(s string) (r rune, n int) {
	first := s[0]
	switch {
	case first < 0x80:
		return rune(first), 1
	case first&0xE0 == 0xC0:
		r, n = rune(first&0x1F), 2
	case first&0xF0 == 0xE0:
		r, n = rune(first&0x0F), 3
	case first&0xF8 == 0xF0:
		r, n = rune(first&0x07), 4
	default:
		return 0, 0
	}
	if len(s) < n {
		return 0, 0
	}
	for _, c := range []byte(s[1:n]) {
		if c&0xC0 != 0x80 {
			return 0, 0
		}
		r = r<<6 | rune(c&0x3F)
	}
	return r, n
}

// decodeUTF7 reads RFC 2152. What is not well-formed stays as it is.
func decodeUTF7(s string) string {
	var out strings.Builder
	for s != "" {
		plus := strings.IndexByte(s, '+')
		if plus < 0 {
			out.WriteString(s)
			break
		}
		out.WriteString(s[:plus])
		s = s[plus+1:]
		end := 0
		for end < len(s) && (isAlnum(s[end]) || s[end] == '+' || s[end] == '/') {
			end++
		}
		shifted := s[:end]
		s = s[end:]
		closed := strings.HasPrefix(s, "-")
		s = strings.TrimPrefix(s, "-")
		switch units, ok := utf16FromBase64(shifted); {
		case shifted == "" && closed:
			out.WriteByte('+')
		case ok:
			out.WriteString(string(utf16.Decode(units)))
		default:
			out.WriteString("+" + shifted)
		}
	}
	return out.String()
}

func utf16FromBase64(s string) ([]uint16, bool) {
	if s == "" || len(s)%4 == 1 {
		return nil, false
	}
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil, false
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return units, true
}
