package blob

import "strings"

// RedactQuery makes the query of a link, or any other, fit for a log: it keeps
// the values of expires, disposition, id and kid, and of all other parameters
// the name. It also takes the signature out of a query that was tampered with,
// and out of another signer's (X-Amz-Signature).
func RedactQuery(rawQuery string) string {
	const hidden = "REDACTED"
	b := make([]byte, 0, min(len(rawQuery), maxLinkQuery))
	for pair := range strings.SplitSeq(rawQuery, "&") {
		if len(b) > 0 {
			b = append(b, '&')
		}
		name, value, assigned := strings.Cut(pair, "=")
		if !loggable(name) {
			name = hidden
		}
		b = append(b, name...)
		if !assigned {
			continue
		}
		switch name {
		case paramExpires, paramDisposition, paramSubject, paramKeyID:
			if !loggable(value) {
				value = hidden
			}
		default:
			value = hidden
		}
		b = append(b, '=')
		b = append(b, value...)
		if len(b) > maxLinkQuery {
			return string(b) + "&…"
		}
	}
	return string(b)
}

// loggable reports whether s is plain, and too short to be the 43 characters
// of a signature that somebody put in the wrong place.
func loggable(s string) bool {
	for _, c := range []byte(s) {
		if !unreserved(c) {
			return false
		}
	}
	return len(s) <= 40
}
