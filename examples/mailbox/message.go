package mailbox

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Message is one e-mail: a few header fields and its attachments.
type Message struct {
	// ID is the Message-ID without its angle brackets. Where there is none, or
	// it is malformed or longer than 250 bytes, ID is "sha256." and 32 hex
	// digits over From, To, Date, Subject and the body with its carriage
	// returns removed, so that the same message has the same ID in a file and
	// on a server.
	ID string

	From    string    // decoded, as one line
	Subject string    // decoded
	Date    time.Time // zero if missing or malformed

	// Location says where the message lies: "dir/a.eml", "old.mbox#3",
	// "imap://host/INBOX;UID=7". It holds no secret.
	Location string

	Attachments []Part

	uid, validity uint32 // of a message on an IMAP server; see Reference
}

// Part is one attachment. Its bytes stay readable until the Source is closed.
type Part struct {
	// Section is the part's number as IMAP counts (RFC 9051, section 6.4.5.1):
	// "2" is the second part, "2.1" the first within it.
	Section string

	// Filename is decoded and otherwise as the sender wrote it. A part without
	// a name is called after its section: "part-2.1.png".
	Filename string

	MIMEType  string // as declared, lower-case, without parameters
	ContentID string // without angle brackets
	Inline    bool   // shown within the text, such as a picture in HTML
	Encoding  string // the transfer encoding as declared; Open has undone it
	Size      int64  // decoded bytes

	data *io.SectionReader
}

// Open returns the decoded bytes. It may be called more than once, and by
// several goroutines; the stream also implements io.ReaderAt and io.Seeker. All
// parts of a source share one file descriptor, so opening thousands costs
// nothing, and neither does a stream that nobody closes.
func (p Part) Open() (io.ReadCloser, error) {
	if p.data == nil {
		return nil, errors.New("mailbox: part was not read from a source")
	}
	return partReader{io.NewSectionReader(p.data, 0, p.data.Size())}, nil
}

type partReader struct{ *io.SectionReader }

func (partReader) Close() error { return nil }

// Sentinels. Test with errors.Is.
var (
	ErrNotMessage   = errors.New("not an e-mail message")
	ErrNoMail       = errors.New("no mail found: want .eml or .mbox files, or a Maildir with cur and new")
	ErrTooLarge     = errors.New("message larger than the limit")
	ErrTooDeep      = errors.New("parts nested deeper than the limit")
	ErrTooManyParts = errors.New("more parts than the limit")
	ErrSpoolFull    = errors.New("temporary file is at its limit")
	ErrTruncated    = errors.New("message ends in the middle of a part")
	ErrBoundary     = errors.New("multipart without a usable boundary")
	ErrPlaintext    = errors.New("server offers no encryption, and the password will not be sent without")
)

// Error says what could not be read: always where, and the part if one is to
// blame. Its text holds no secret.
type Error struct {
	Location string // as in Message
	Section  string // "" for the whole
	Filename string // of that part; "" if unknown
	Err      error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Location)
	if e.Section != "" {
		fmt.Fprintf(&b, ": part %s", e.Section)
	}
	if e.Filename != "" {
		fmt.Fprintf(&b, " (%q)", e.Filename)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }
