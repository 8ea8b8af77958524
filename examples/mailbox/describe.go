package mailbox

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message/textproto"
)

// describe reads the header of a leaf. It reports false for the text of the
// message, which is not an attachment.
func describe(header textproto.Header, at place) (Part, bool) {
	mediaType, typeParams := parseParams(header.Get("Content-Type"))
	disposition, dispParams := parseParams(header.Get("Content-Disposition"))
	encoding, _ := parseParams(header.Get("Content-Transfer-Encoding"))

	part := Part{
		Section:   at.section,
		Filename:  dispParams.text("filename"),
		MIMEType:  mediaType,
		ContentID: strings.Trim(header.Get("Content-Id"), "<> \t"),
		Encoding:  encoding,
	}
	if part.Filename == "" {
		part.Filename = typeParams.text("name")
	}
	if mediaType == "" { // RFC 2045, section 5.2
		part.MIMEType = "text/plain"
	} else if !isMediaType(mediaType) {
		part.MIMEType = "application/octet-stream"
	}
	if part.Filename == "" && disposition != "attachment" && isMessageText(part.MIMEType) {
		return Part{}, false
	}
	if part.Section == "" {
		part.Section = "1" // a message that is one single part
	}
	if part.Filename == "" {
		part.Filename = "part-" + part.Section + extension(part.MIMEType)
	}
	part.Inline = disposition == "inline" || disposition == "" && at.related && part.ContentID != ""
	return part, true
}

// isMessageText reports whether mail programs show such a part as the message.
func isMessageText(mediaType string) bool {
	return slices.Contains([]string{
		"text/plain", "text/html", "text/enriched", "text/richtext",
		"text/x-amp-html", "text/watch-html",
	}, mediaType)
}

// extension gives a nameless part a name that opens in the right program. It
// is a short list on purpose: the answer must not depend on the machine.
func extension(mediaType string) string {
	switch mediaType {
	case "message/rfc822", "message/global":
		return ".eml"
	case "message/delivery-status", "message/disposition-notification", "text/rfc822-headers", "text/plain":
		return ".txt"
	case "text/calendar":
		return ".ics"
	case "text/html":
		return ".html"
	case "application/pdf":
		return ".pdf"
	case "image/png", "image/gif", "image/webp":
		return "." + strings.TrimPrefix(mediaType, "image/")
	case "image/jpeg":
		return ".jpg"
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return ".p7m"
	case "application/pgp-signature":
		return ".asc"
	default:
		return ".dat"
	}
}

func isMediaType(s string) bool {
	major, minor, _ := strings.Cut(s, "/")
	other := func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("!#$&^_.+-", r))
	}
	return major != "" && minor != "" && len(s) <= 255 && !strings.ContainsFunc(major+minor, other)
}

// messageID returns the content of a Message-ID field, or "" if nobody should
// rely on it.
func messageID(field string) string {
	id := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(field), "<"), ">")
	unfit := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '<' || r == '>' }
	if len(id) > 250 || !utf8.ValidString(id) || strings.ContainsFunc(id, unfit) {
		return ""
	}
	return id
}

// identity is the stand-in for a missing Message-ID: see [Message].
type identity struct{ hash.Hash }

func newIdentity(header textproto.Header) *identity {
	h := sha256.New()
	for _, field := range []string{"From", "To", "Date", "Subject"} {
		_, _ = h.Write([]byte(header.Get(field) + "\n"))
	}
	return &identity{h}
}

// Write hashes all but carriage returns: mail programs disagree about line ends.
func (i *identity) Write(p []byte) (int, error) {
	for line := range strings.SplitSeq(string(p), "\r") {
		_, _ = i.Hash.Write([]byte(line))
	}
	return len(p), nil
}

func (i *identity) String() string { return "sha256." + hex.EncodeToString(i.Sum(nil))[:32] }
