package detect

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// A sample is the beginning of a text, in UTF-8 (or an eight-bit charset that
// shares ASCII), without byte order mark and leading white space.
type sample struct {
	text  string // as it is
	lower string // ASCII letters folded
	bare  string // of lower, what follows the leading comments
}

// sampleBytes is how much of a text is weighed, after leading blanks.
const sampleBytes = 4 << 10

// newSample returns the sample of head, and false if head is not text.
func newSample(head []byte) (*sample, bool) {
	if len(head) == 0 {
		return nil, false
	}
	text, ok := textOf(head)
	if !ok {
		return nil, false
	}
	text = bytes.TrimLeft(text, " \t\r\n\f\x00")
	s := &sample{text: string(text[:min(len(text), sampleBytes)])}
	s.lower = lower(s.text)
	s.bare = s.lower
	if rest := skipComments(text); len(rest) < len(text) {
		s.bare = lower(string(rest[:min(len(rest), sampleBytes)]))
	}
	return s, true
}

// textOf decodes head if it is text: by byte order mark, by the zero bytes
// that UTF-16 has in every second place, or by the absence of what text never
// holds (WHATWG MIME Sniffing, "binary data byte").
func textOf(head []byte) ([]byte, bool) {
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		return head[3:], true
	case bytes.HasPrefix(head, []byte("\xFF\xFE\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xFE\xFF")):
		return decode32(head), true
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		return decode16(head[2:], binary.LittleEndian), true
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return decode16(head[2:], binary.BigEndian), true
	case looksUTF16(head, 1):
		return decode16(head, binary.LittleEndian), true
	case looksUTF16(head, 0):
		return decode16(head, binary.BigEndian), true
	}
	for _, c := range head[:min(len(head), sampleBytes)] {
		if c < 0x20 && !isTextControl(c) {
			return nil, false
		}
	}
	return head, true
}

func isTextControl(c byte) bool {
	return '\t' <= c && c <= '\r' && c != '\v' || c == 0x1A || c == 0x1B || c == '\b'
}

// looksUTF16 reports whether nearly every byte at odd (or even) places is zero
// and the others are not.
func looksUTF16(head []byte, zeros int) bool {
	window := head[:min(len(head), 512)&^1]
	if len(window) < 16 {
		return false
	}
	high, low := 0, 0
	for i := 0; i < len(window); i += 2 {
		if window[i+zeros] == 0 {
			high++
		}
		if c := window[i+1-zeros]; c >= 0x20 || isTextControl(c) {
			low++
		}
	}
	half := len(window) / 2
	return high*10 >= half*9 && low == half
}

func decode16(b []byte, order binary.ByteOrder) []byte {
	b = b[:min(len(b), 4*sampleBytes)&^1]
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

func decode32(b []byte) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 0 {
		order = binary.BigEndian
	}
	b = b[4 : min(len(b), 8*sampleBytes)&^3]
	runes := make([]rune, len(b)/4)
	for i := range runes {
		runes[i] = rune(order.Uint32(b[4*i:]))
	}
	return []byte(string(runes))
}

// lower folds ASCII and leaves every other byte alone, so that offsets stay.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if 'A' <= b[j] && b[j] <= 'Z' {
					b[j] |= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}

// skipComments drops what stands before the first statement in any of the
// languages that matter: a licence of forty lines must not hide a script.
func skipComments(text []byte) []byte {
	for {
		rest := bytes.TrimLeft(text, " \t\r\n\f")
		switch {
		case bytes.HasPrefix(rest, []byte("/*")):
			rest = after(rest[2:], "*/")
		case bytes.HasPrefix(rest, []byte("<#")):
			rest = after(rest[2:], "#>")
		case bytes.HasPrefix(rest, []byte("<!--")):
			rest = after(rest[4:], "-->")
		case bytes.HasPrefix(rest, []byte("<?xml")):
			rest = after(rest[5:], "?>")
		case bytes.HasPrefix(rest, []byte("//")), bytes.HasPrefix(rest, []byte("'")), bytes.HasPrefix(rest, []byte("::")),
			bytes.HasPrefix(rest, []byte("#")) && !bytes.HasPrefix(rest, []byte("#!")),
			len(rest) > 4 && strings.EqualFold(string(rest[:4]), "rem "):
			rest = after(rest, "\n")
		default:
			return rest
		}
		if len(rest) >= len(text) || len(rest) == 0 {
			return rest
		}
		text = rest
	}
}

func after(b []byte, sep string) []byte {
	_, rest, _ := bytes.Cut(b, []byte(sep))
	return rest
}
