package scan

import (
	"context"
	"io"
	"time"
)

// A Scanner examines one object. Implementations are safe for concurrent use.
//
// An error means that no verdict was reached; the Result is then ignored. Use
// [*Error] to say whether trying again can help. Scan returns soon after ctx
// is done.
type Scanner interface {
	Scan(ctx context.Context, obj Object) (Result, error)
}

// ScannerFunc is a function as a Scanner.
type ScannerFunc func(ctx context.Context, obj Object) (Result, error)

// Scan calls f.
func (f ScannerFunc) Scan(ctx context.Context, obj Object) (Result, error) { return f(ctx, obj) }

// An Object is what is to be scanned.
type Object struct {
	// Open returns the bytes from the beginning. It may be called more than
	// once; the caller closes each stream before the scan returns. ctx covers
	// the life of the stream: once it is done, reads fail soon.
	Open func(ctx context.Context) (io.ReadCloser, error)

	Size     int64  // exact
	SHA256   string // lower-case hex
	Filename string // sanitised
	MIMEType string // as detected from the bytes
	TenantID string

	witnessed bool // a Guard further out already hashes what is read
}

// Verdict is what a scanner says of an object. The zero value is Unknown.
type Verdict int

// The verdicts.
const (
	Unknown     Verdict = iota // no statement: not known, not looked at, not finished
	Clean                      // every byte was seen and nothing was found
	Suspicious                 // heuristics, few engines, potentially unwanted
	Infected                   // a threat was found
	Unscannable                // cannot be judged and never will be: encrypted, too large, too deep
)

// String returns the lower-case name.
func (v Verdict) String() string {
	switch v {
	case Clean:
		return "clean"
	case Suspicious:
		return "suspicious"
	case Infected:
		return "infected"
	case Unscannable:
		return "unscannable"
	default:
		return "unknown"
	}
}

// A Result is a verdict and where it came from.
type Result struct {
	Verdict    Verdict       `json:"verdict"`
	Threat     string        `json:"threat,omitempty"`     // the scanner's name for what it found
	Detail     string        `json:"detail,omitempty"`     // one sentence for a person
	Engine     string        `json:"engine,omitempty"`     // "clamd 1.4.6"
	Signatures string        `json:"signatures,omitempty"` // the signature database's version
	Bytes      int64         `json:"bytes,omitempty"`      // how many bytes the scanner saw
	ByHash     bool          `json:"byHash,omitempty"`     // known by SHA-256 from an earlier look at the bytes; none were read now
	ScannedAt  time.Time     `json:"scannedAt,omitzero"`
	Duration   time.Duration `json:"-"`
}

// MarshalText writes the name, so that a Result reads well as JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a name; one it does not know is Unknown, never Clean.
func (v *Verdict) UnmarshalText(text []byte) error {
	*v = Unknown
	for _, known := range []Verdict{Clean, Suspicious, Infected, Unscannable} {
		if string(text) == known.String() {
			*v = known
		}
	}
	return nil
}
