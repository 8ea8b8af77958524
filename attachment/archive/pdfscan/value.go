package pdfscan

import (
	"bytes"
	"strconv"
)

// What a PDF is made of (ISO 32000-2, 7.3). Numbers that are no integers, and
// whatever is malformed, are words.
type (
	name string
	text []byte
	word string
	ref  struct{ num, gen int64 }
	list []any
	pair struct {
		key   name
		value any
	}
	// A dict keeps the order and every value of a key: readers disagree on
	// which one counts.
	dict []pair
)

// all returns the values of key.
func (d dict) all(key name) []any {
	var values []any
	for _, p := range d {
		if p.key == key {
			values = append(values, p.value)
		}
	}
	return values
}

// one returns the value of key, nil if there is none.
func (d dict) one(key name) any {
	for _, p := range d {
		if p.key == key {
			return p.value
		}
	}
	return nil
}

// maxDepth bounds dictionaries and arrays within each other.
const maxDepth = 40

// A parser reads values from b, leniently: what does not belong is passed over.
type parser struct {
	b     []byte
	at    int
	depth int
}

const (
	endOfInput = word("")
	endDict    = word(">>")
	endList    = word("]")
)

// value returns the next value.
func (p *parser) value() any {
	p.blanks()
	if p.at >= len(p.b) {
		return endOfInput
	}
	rest := p.b[p.at:]
	switch c := rest[0]; {
	case bytes.HasPrefix(rest, []byte("<<")):
		p.at += 2
		return p.dict()
	case bytes.HasPrefix(rest, []byte(">>")):
		p.at += 2
		return endDict
	case c == '<':
		p.at++
		return p.hex()
	case c == '(':
		p.at++
		return p.literal()
	case c == '[':
		p.at++
		return list(p.values(endList))
	case c == '/':
		n, length := nameAt(rest)
		p.at += length
		return name(n)
	case isDelimiter(c):
		p.at++
		return word(rest[:1])
	}
	n := 0
	for n < len(rest) && !isBlank(rest[n]) && !isDelimiter(rest[n]) {
		n++
	}
	p.at += n
	if i, err := strconv.ParseInt(string(rest[:n]), 10, 64); err == nil {
		return i
	}
	return word(rest[:min(n, maxWord)])
}

// maxWord is longer than every keyword.
const maxWord = 16

// values reads up to closing, and puts references together.
func (p *parser) values(closing word) []any {
	var all []any
	if p.depth++; p.depth > maxDepth {
		p.at = len(p.b)
	}
	defer func() { p.depth-- }()
	for {
		start := p.at
		v := p.value()
		w, isWord := v.(word)
		switch {
		case isWord && w == "R" && len(all) >= 2:
			num, ok1 := all[len(all)-2].(int64)
			gen, ok2 := all[len(all)-1].(int64)
			if ok1 && ok2 {
				all = append(all[:len(all)-2], ref{num, gen})
			}
			continue
		case isWord && (w == closing || w == endOfInput):
			return all
		case isWord && (w == "endobj" || w == "stream"):
			p.at = start // somebody forgot to close
			return all
		}
		all = append(all, v)
	}
}

func (p *parser) dict() dict {
	all := p.values(endDict)
	var d dict
	for i := 0; i+1 < len(all); i++ {
		if key, ok := all[i].(name); ok {
			d = append(d, pair{key, all[i+1]})
			i++
		}
	}
	return d
}

func (p *parser) blanks() {
	for p.at < len(p.b) {
		switch c := p.b[p.at]; {
		case c == '%':
			end := bytes.IndexAny(p.b[p.at:], "\r\n")
			if end < 0 {
				p.at = len(p.b)
				return
			}
			p.at += end
		case isBlank(c):
			p.at++
		default:
			return
		}
	}
}

// hex reads a hexadecimal string (7.3.4.3).
func (p *parser) hex() text {
	var out text
	high, half := byte(0), false
	for p.at < len(p.b) {
		c := p.b[p.at]
		p.at++
		if c == '>' {
			break
		}
		d, ok := hexDigit(c)
		switch {
		case !ok:
		case half:
			out, half = append(out, high|d), false
		default:
			high, half = d<<4, true
		}
	}
	if half {
		out = append(out, high)
	}
	return out
}

// literal reads a string in parentheses (7.3.4.2).
func (p *parser) literal() text {
	var out text
	for open := 1; p.at < len(p.b); p.at++ {
		c := p.b[p.at]
		switch c {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				p.at++
				return out
			}
		case '\\':
			p.at++
			out = p.escape(out)
			continue
		}
		out = append(out, c)
	}
	return out
}

// escape reads what follows a backslash, and stays on its last byte.
func (p *parser) escape(out text) text {
	if p.at >= len(p.b) {
		return out
	}
	c := p.b[p.at]
	if at := bytes.IndexByte([]byte("nrtbf"), c); at >= 0 {
		return append(out, "\n\r\t\b\f"[at])
	}
	switch {
	case c == '\n':
		return out
	case c == '\r':
		if p.at+1 < len(p.b) && p.b[p.at+1] == '\n' {
			p.at++
		}
		return out
	case c < '0' || c > '7':
		return append(out, c)
	}
	n := 0
	for i := 0; i < 3 && p.at < len(p.b) && '0' <= p.b[p.at] && p.b[p.at] <= '7'; i++ {
		n = n<<3 | int(p.b[p.at]-'0')
		p.at++
	}
	p.at--
	return append(out, byte(n))
}

// maxName is longer than every name that matters (7.3.5, Annex C).
const maxName = 127

// nameAt reads the name that b begins with, slash included, and undoes its
// escapes; length is how many bytes it takes.
func nameAt(b []byte) (n string, length int) {
	end, escaped := 1, false
	for end < len(b) && !isBlank(b[end]) && !isDelimiter(b[end]) {
		escaped = escaped || b[end] == '#'
		end++
	}
	raw := b[1:min(end, maxName)]
	if !escaped {
		return string(raw), end
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			high, ok1 := hexDigit(raw[i+1])
			low, ok2 := hexDigit(raw[i+2])
			if ok1 && ok2 {
				out = append(out, high<<4|low)
				i += 2
				continue
			}
		}
		out = append(out, raw[i])
	}
	return string(out), end
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}
