package attachment

import (
	"io"
	"time"
)

// Input is one attachment to process, as Go values. Execute makes it from a
// node's parameters; a host that has the bytes at hand calls Process with it.
type Input struct {
	MessageID string // as the host spells it, with angle brackets or without: another spelling is another message
	Filename  string // as sent
	Size      int64  // as declared, in bytes; the bytes themselves decide
	MIMEType  string // as declared

	// Data is read once, to its end or to the first refusal. A *bytes.Reader,
	// *strings.Reader or *bytes.Buffer counts as memory: its bytes are judged
	// and compared before anything is written.
	Data io.Reader

	// Encoding is how Data is encoded. Defaults to EncodingBinary.
	Encoding Encoding

	ContentHash string // the SHA-256 the decoded bytes must have, hex. Defaults to "": any.
	ContentID   string // the MIME Content-ID
	IsInline    bool
	Position    int    // order within the message. Defaults to 0.
	StoragePath string // folders between message and attachment in the storage key. Defaults to none.

	MaxSize       int64         // in bytes. Defaults to DefaultMaxSize.
	URLExpiration time.Duration // Defaults to DefaultURLExpiration.

	SkipVirusScan     bool   // store without asking for a verdict
	VirusScanEndpoint string // one of Options.ScanEndpoints. Defaults to the host's scanner.
	SkipDeduplication bool   // store the bytes even if the tenant has them
	Priority          int    // of the scan; higher first
}

// The limits of a node's parameters.
const (
	DefaultMaxSize = 50 << 20 // 52,428,800 bytes
	MinMaxSize     = 1 << 10
	MaxMaxSize     = 5 << 30

	DefaultURLExpiration = time.Hour
	MinURLExpiration     = time.Minute
	MaxURLExpiration     = 7 * 24 * time.Hour

	maxMessageIDBytes = 998 // the longest line of RFC 5322
	maxFilenameBytes  = 4096
)
