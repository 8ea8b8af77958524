package filename

import (
	"encoding/base64"
	"strings"
)

// decodeEncodedWords replaces every RFC 2047 encoded word in s by its text.
//
// mime.WordDecoder is not used, for it is strict where mail is not: clients
// glue words together, put them inside other text, leave out padding, and cut
// one character's bytes into two words. Bytes of neighbouring words in the
// same charset are therefore joined before the charset is decoded.
func decodeEncodedWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var out strings.Builder
	var pending encodedWord // the run of words not yet written
	flush := func() {
		if pending.charset != "" {
			out.WriteString(toUTF8(pending.charset, pending.text))
			pending = encodedWord{}
		}
	}
	for s != "" {
		if word, n := parseEncodedWord(s); n > 0 {
			if !strings.EqualFold(word.charset, pending.charset) {
				flush()
			}
			pending.charset = word.charset
			pending.text += word.text
			s = s[n:]
			continue
		}
		if blank := leadingBlank(s); pending.charset != "" && blank > 0 {
			// White space between two words is not part of the name.
			if _, n := parseEncodedWord(s[blank:]); n > 0 {
				s = s[blank:]
				continue
			}
		}
		flush()
		next := strings.Index(s[1:], "=?") + 1
		if next == 0 {
			next = len(s)
		}
		if blank := trailingBlank(s[:next]); blank < next && blank > 0 {
			next = blank // let the blank before a word be judged on its own
		}
		out.WriteString(s[:next])
		s = s[next:]
	}
	flush()
	return out.String()
}

type encodedWord struct {
	charset string
	text    string // decoded from base64 or Q, still in charset
}

// maxWordBytes is far more than the 75 bytes that RFC 2047 allows one word;
// real clients exceed it too.
const maxWordBytes = 2048

// parseEncodedWord reads one word at the start of s and returns how long it
// is; 0 means that there is none.
func parseEncodedWord(s string) (encodedWord, int) {
	if !strings.HasPrefix(s, "=?") {
		return encodedWord{}, 0
	}
	window := s[2:min(len(s), maxWordBytes)]
	charset, rest, ok := strings.Cut(window, "?")
	if !ok || charset == "" || len(charset) > 60 || len(rest) < 2 || rest[1] != '?' {
		return encodedWord{}, 0
	}
	payload, _, ok := strings.Cut(rest[2:], "?=")
	if !ok {
		return encodedWord{}, 0
	}
	length := len("=?") + len(charset) + len("?B?") + len(payload) + len("?=")
	charset, _, _ = strings.Cut(charset, "*") // RFC 2231, section 5: a language
	var text string
	switch rest[0] {
	case 'B', 'b':
		text, ok = decodeBase64(payload)
	case 'Q', 'q':
		text = decodeQ(payload)
	default:
		ok = false
	}
	if !ok || charset == "" {
		return encodedWord{}, 0
	}
	return encodedWord{charset: charset, text: text}, length
}

func decodeBase64(s string) (string, bool) {
	s = strings.TrimRight(strings.ReplaceAll(s, " ", ""), "=")
	if len(s)%4 == 1 {
		s = s[:len(s)-1] // a lone character carries no byte
	}
	text, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return "", false
	}
	return string(text), true
}

func decodeQ(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
}

func leadingBlank(s string) int {
	return len(s) - len(strings.TrimLeft(s, " \t\r\n"))
}

// trailingBlank returns where the white space at the end of s begins.
func trailingBlank(s string) int {
	return len(strings.TrimRight(s, " \t\r\n"))
}
