package token

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxMembers bounds the members of a header or payload.
const maxMembers = 64

// maxTextBytes bounds every text that is read from a token.
const maxTextBytes = 256

// parseObject calls member for each member of a JSON object, with its raw
// value. encoding/json would take the last of two equal names, match names in
// any case and repair broken UTF-8; two readers of one token could then see
// different users. Here all that is ErrMalformed.
func parseObject(data []byte, member func(name string, value []byte) error) error {
	if !utf8.Valid(data) || !json.Valid(data) {
		return fmt.Errorf("%w: not JSON", ErrMalformed)
	}
	// From here on the syntax is known to be right.
	i := skipSpace(data, 0)
	if data[i] != '{' {
		return fmt.Errorf("%w: not a JSON object", ErrMalformed)
	}
	var names [maxMembers]string
	for n := 0; ; n++ {
		if i = skipSpace(data, i+1); data[i] == '}' {
			return nil
		}
		end := skipValue(data, i)
		name, err := unquote(data[i:end])
		if err != nil {
			return err
		}
		if n == maxMembers {
			return fmt.Errorf("%w: more than %d members", ErrMalformed, maxMembers)
		}
		for _, earlier := range names[:n] {
			if strings.EqualFold(earlier, name) {
				return fmt.Errorf("%w: %.40q twice", ErrMalformed, name)
			}
		}
		names[n] = name

		i = skipSpace(data, skipSpace(data, end)+1) // past the colon
		end = skipValue(data, i)
		if err := member(name, data[i:end]); err != nil {
			return err
		}
		if i = skipSpace(data, end); data[i] == '}' {
			return nil
		}
	}
}

func skipSpace(data []byte, i int) int {
	for data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n' {
		i++
	}
	return i
}

// skipValue returns the index after the value that starts at i.
func skipValue(data []byte, i int) int {
	for depth := 0; ; i++ {
		switch data[i] {
		case '"':
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // a number or word that ends its object or array
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n', ':':
			if depth == 0 {
				return i
			}
		}
	}
}

func unquote(quoted []byte) (string, error) {
	inner := quoted[1 : len(quoted)-1]
	for _, b := range inner {
		if b == '\\' {
			var s string
			if err := json.Unmarshal(quoted, &s); err != nil {
				return "", fmt.Errorf("%w: string", ErrMalformed)
			}
			return s, nil
		}
	}
	return string(inner), nil
}

// text reads a string member: not empty, printable, of bounded length.
func text(name string, value []byte) (string, error) {
	if value[0] != '"' {
		return "", fmt.Errorf("%w: %s is not a string", ErrClaims, name)
	}
	s, err := unquote(value)
	if err != nil {
		return "", err
	}
	return s, checkText(name, s)
}

func checkText(name, s string) error {
	if s == "" || len(s) > maxTextBytes || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return fmt.Errorf("%w: %s is empty, too long or not printable", ErrClaims, name)
	}
	return nil
}

// texts reads an array of strings.
func texts(name string, value []byte) ([]string, error) {
	var raw []json.RawMessage
	if value[0] != '[' || json.Unmarshal(value, &raw) != nil || len(raw) > maxMembers {
		return nil, fmt.Errorf("%w: %s is not an array of at most %d strings", ErrClaims, name, maxMembers)
	}
	all := make([]string, 0, len(raw))
	for _, element := range raw {
		s, err := text(name, element)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// maxSeconds is the end of the year 9999: what RFC 3339 and databases can say.
const maxSeconds = 253402300799

// numericDate reads seconds since 1970, whole or not.
func numericDate(name string, value []byte) (time.Time, error) {
	seconds, err := strconv.ParseInt(string(value), 10, 64)
	if err == nil && 0 < seconds && seconds <= maxSeconds {
		return time.Unix(seconds, 0), nil
	}
	// A string does not parse here, for its quotes.
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil || !(f > 0 && f <= maxSeconds) {
		return time.Time{}, fmt.Errorf("%w: %s is not a date", ErrClaims, name)
	}
	whole, part := math.Modf(f)
	return time.Unix(int64(whole), int64(part*1e9)), nil
}
