package blob

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The parameters of a link, in the order of their appearance. Those without a
// value are left out, expires, kid and sig never.
const (
	paramExpires     = "expires" // Unix seconds
	paramDisposition = "disposition"
	paramFilename    = "filename"
	paramSubject     = "id"
	paramKeyID       = "kid"
	paramSignature   = "sig" // base64url without padding, RFC 4648 section 5
)

// appendLinkQuery writes what is signed: all but the signature.
func appendLinkQuery(b []byte, l Link, keyID string) []byte {
	b = append(b, paramExpires+"="...)
	b = strconv.AppendInt(b, l.Expires.Unix(), 10)
	for _, p := range [...]struct{ name, value string }{
		{paramDisposition, l.Disposition},
		{paramFilename, l.Filename},
		{paramSubject, l.Subject},
		{paramKeyID, keyID},
	} {
		if p.value == "" {
			continue
		}
		b = append(b, '&')
		b = append(b, p.name...)
		b = append(b, '=')
		b = appendEscaped(b, p.value)
	}
	return b
}

// parseLinkQuery reads what a query seems to say. It is lenient, since Verify
// compares the query with the one spelling of what was read here.
func parseLinkQuery(rawQuery string) (l Link, keyID string, ok bool) {
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		value, err := url.PathUnescape(value)
		if err != nil {
			return Link{}, "", false
		}
		switch name {
		case paramExpires:
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return Link{}, "", false
			}
			l.Expires = time.Unix(seconds, 0)
		case paramDisposition:
			l.Disposition = value
		case paramFilename:
			l.Filename = value
		case paramSubject:
			l.Subject = value
		case paramKeyID:
			keyID = value
		}
	}
	return l, keyID, true
}

// appendEscaped percent-encodes all but RFC 3986's unreserved characters. A
// space becomes %20 and never '+', which proxies read either way.
func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(s) {
		if unreserved(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}
