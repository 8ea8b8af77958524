package token

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// compact is a token in the three parts of RFC 7515, section 7.1, not decoded.
type compact struct {
	header, payload, signature string
	input                      string // what is signed: header "." payload
}

func splitCompact(raw string, maxBytes int) (compact, error) {
	if len(raw) > maxBytes {
		return compact{}, fmt.Errorf("%w: %d bytes, more than %d", ErrTooLarge, len(raw), maxBytes)
	}
	last := strings.LastIndexByte(raw, '.')
	if last < 0 {
		return compact{}, fmt.Errorf("%w: not three parts", ErrMalformed)
	}
	c := compact{input: raw[:last], signature: raw[last+1:]}
	var ok bool
	if c.header, c.payload, ok = strings.Cut(c.input, "."); !ok || strings.Contains(c.payload, ".") {
		return compact{}, fmt.Errorf("%w: not three parts", ErrMalformed)
	}
	return c, nil
}

// decodeSegment decodes base64url without padding. It accepts one spelling of
// each value only: Go's decoder, also in its strict mode, skips line breaks.
func decodeSegment(segment string) ([]byte, error) {
	if segment == "" || strings.ContainsAny(segment, "\r\n") {
		return nil, fmt.Errorf("%w: empty part or line break", ErrMalformed)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return nil, fmt.Errorf("%w: not base64url", ErrMalformed)
	}
	return b, nil
}
