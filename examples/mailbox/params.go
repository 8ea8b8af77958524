package mailbox

import (
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding/charmap"
)

// params are the parameters of a Content-Type or Content-Disposition field,
// keys in lower case, values as they stand.
type params map[string]string

// parseParams splits `value; key=value; …`. mime.ParseMediaType gives up on
// what real programs send (`name=my file.pdf`, a parameter given twice, an
// unclosed quote) and with it on the filename, and it knows no charset but
// UTF-8. This one takes what it can get; of a repeated parameter, the first.
func parseParams(field string) (value string, ps params) {
	value, rest, _ := strings.Cut(field, ";")
	ps = params{}
	for rest != "" {
		var key, val string
		key, val, rest = nextParam(rest)
		if _, taken := ps[key]; key != "" && !taken {
			ps[key] = val
		}
	}
	return strings.ToLower(strings.TrimSpace(value)), ps
}

func nextParam(s string) (key, value, rest string) {
	end := strings.IndexAny(s, "=;")
	if end < 0 {
		return "", "", ""
	}
	if s[end] == ';' { // no value: not a parameter
		return "", "", s[end+1:]
	}
	key = strings.ToLower(strings.TrimSpace(s[:end]))
	s = strings.TrimLeft(s[end+1:], " \t\r\n")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return key, strings.TrimSpace(value), rest
	}
	value, s = unquote(s[1:])
	_, rest, _ = strings.Cut(s, ";")
	return key, value, rest
}

// unquote reads up to the closing quote, or to the end if there is none. A
// backslash escapes only a quote or itself: Windows programs send
// "C:\mail\a.txt" as it is.
func unquote(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// text returns a parameter decoded: as RFC 2231 has it (`key*`, or in pieces
// `key*0*`, `key*1`, …) before the plain form, where RFC 2047 words are
// against the rules and everywhere.
func (ps params) text(key string) string {
	if v, ok := ps[key+"*"]; ok {
		return decodeExtended(v, percentDecode(afterCharset(v)))
	}
	first, plain := ps[key+"*0"]
	extended, ok := ps[key+"*0*"]
	if !plain && !ok {
		return decodeWords(ps[key])
	}
	joined := first
	if ok {
		joined = percentDecode(afterCharset(extended))
	}
	for i := 1; ; i++ {
		if v, more := ps[fmt.Sprintf("%s*%d*", key, i)]; more {
			joined += percentDecode(v)
		} else if v, more := ps[fmt.Sprintf("%s*%d", key, i)]; more {
			joined += v
		} else {
			break
		}
	}
	if ok {
		return decodeExtended(extended, joined)
	}
	return decodeWords(joined)
}

// afterCharset cuts charset'language' off; a value without is kept whole.
func afterCharset(v string) string {
	if parts := strings.SplitN(v, "'", 3); len(parts) == 3 {
		return parts[2]
	}
	return v
}

// decodeExtended converts bytes from the charset that prefix begins with.
func decodeExtended(prefix, bytes string) string {
	name, _, found := strings.Cut(prefix, "'")
	if found && name != "" && !strings.EqualFold(name, "utf-8") {
		if r, err := charset.Reader(name, strings.NewReader(bytes)); err == nil {
			if out, err := io.ReadAll(r); err == nil {
				return toUTF8(string(out))
			}
		}
	}
	return toUTF8(bytes)
}

// percentDecode undoes %XX and leaves what is not that.
func percentDecode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.Write(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// decodeWords decodes RFC 2047 encoded words; a word in an unknown charset
// stays as it is.
func decodeWords(s string) string {
	words := mime.WordDecoder{CharsetReader: charset.Reader}
	if decoded, err := words.DecodeHeader(s); err == nil {
		s = decoded
	}
	return toUTF8(s)
}

// toUTF8 takes raw bytes that are not UTF-8 for the charset of old Windows
// programs, which is what they mostly are, and maps every byte.
func toUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	out, err := charmap.Windows1252.NewDecoder().String(s)
	if err != nil {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return out
}
