package auth

import (
	"slices"
	"strings"
)

const (
	redacted      = "[redacted]"
	maxValueBytes = 256
)

// redact makes a value fit for a log: no token, no signature, no query of a
// URL, of bounded length. It is the second line; the first is that nobody hands
// secrets to the audit.
func redact(name, value string) string {
	name = strings.ToLower(name)
	suspicious := func(word string) bool { return strings.Contains(name, word) }
	if name == "sig" || slices.ContainsFunc([]string{"token", "secret", "password", "signature", "authorization", "cookie", "credential", "apikey", "api_key"}, suspicious) {
		return redacted
	}
	return redactText(value)
}

func redactText(value string) string {
	// "eyJ" begins whatever is JSON in base64: the header of every JWT.
	if strings.Contains(value, "Bearer ") || strings.Contains(value, "eyJ") {
		return redacted
	}
	if before, _, found := strings.Cut(value, "?"); found {
		value = before + "?" + redacted
	}
	if len(value) > maxValueBytes {
		value = strings.ToValidUTF8(value[:maxValueBytes], "") + "…"
	}
	return value
}
