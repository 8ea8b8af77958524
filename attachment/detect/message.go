package detect

import (
	"bytes"
	"strings"
)

// matchMessage recognises mail and what is mailed: calendars, contacts, keys
// and signatures.
func matchMessage(s *sample) string {
	for _, h := range [...]struct{ prefix, mime string }{
		{"begin:vcalendar", "text/calendar"},
		{"begin:vcard", "text/vcard"},
		{"-----begin pgp signature", "application/pgp-signature"},
		{"-----begin pgp message", "application/pgp-encrypted"},
		{"-----begin pgp public key", "application/pgp-keys"},
		{"-----begin pgp private key", "application/pgp-keys"},
		{"-----begin pgp signed message", "text/plain"},
		{"-----begin pkcs7", "application/pkcs7-mime"},
		{"-----begin cms", "application/pkcs7-mime"},
		{"-----begin certificate", "application/x-x509-ca-cert"},
		{"-----begin ", "application/x-pem-file"},
	} {
		if strings.HasPrefix(s.lower, h.prefix) {
			return h.mime
		}
	}
	if strings.HasPrefix(s.text, "From ") {
		if _, rest, found := strings.Cut(s.lower, "\n"); found && headerFields(rest) >= 2 {
			return "application/mbox"
		}
	}
	if headerFields(s.lower) < 2 {
		return ""
	}
	if s.isWebArchive() {
		return "multipart/related"
	}
	return "message/rfc822"
}

// isBinaryMail finds a message with a body that is not text.
func isBinaryMail(head []byte) bool {
	head = head[:min(len(head), sampleBytes)]
	end := bytes.Index(head, []byte("\r\n\r\n"))
	if end < 0 {
		end = bytes.Index(head, []byte("\n\n"))
	}
	return end > 0 && isPrintable(head[:end]) && headerFields(lower(string(head[:end]))) >= 2
}

// headerFields counts the well-known header fields of the block that s begins
// with; 0 if it does not begin with one.
func headerFields(s string) int {
	known := 0
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			continue // folded
		}
		name, _, found := strings.Cut(line, ":")
		if !found || strings.ContainsAny(name, " \t<>\"'(){};") {
			return 0
		}
		switch name {
		case "received", "return-path", "from", "date", "message-id", "mime-version", "delivered-to", "reply-to",
			"subject", "to", "cc", "sender", "in-reply-to", "references", "content-type", "content-transfer-encoding",
			"dkim-signature", "authentication-results", "list-unsubscribe", "x-mailer", "x-originating-ip", "arc-seal", "user-agent":
			known++
		}
	}
	return known
}

// isWebArchive tells a saved page (MHTML, RFC 2557) from a message: browsers
// mark it, and nobody sent or received it.
func (s *sample) isWebArchive() bool {
	if !strings.Contains(s.lower, "multipart/related") {
		return false
	}
	return strings.Contains(s.lower, "snapshot-content-location:") || strings.Contains(s.lower, "saved by ") ||
		strings.Contains(s.lower, "content-location: file:") && !strings.Contains(s.lower, "\nreceived:")
}
