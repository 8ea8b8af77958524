package mailbox

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"iter"
	"strings"
	"time"
)

// A Source yields messages.
type Source interface {
	// Messages yields every message in the source's own order: files by name,
	// an mbox from its beginning, an IMAP folder by UID.
	//
	// A message can come together with an error: then the error, an [*Error]
	// or several joined, names what could not be read, and the message has the
	// rest. A message that could not be read at all has an empty ID. In both
	// cases the iteration goes on; it ends early only if ctx is done or the
	// server is gone, which is the last error then.
	Messages(ctx context.Context) iter.Seq2[Message, error]

	// Close releases the bytes of all parts, and the connection if there is one.
	Close() error
}

// Options limits a source. The zero value means the defaults.
type Options struct {
	MaxMessages     int    // At most so many; of an IMAP folder, the newest. Defaults to 0: all.
	MaxMessageBytes int64  // A longer message is an error. Defaults to 64 MiB.
	MaxParts        int    // Leaves and branches of one message. Defaults to 1000.
	MaxDepth        int    // Multiparts within multiparts. Defaults to 20.
	MaxSpoolBytes   int64  // Decoded attachments of the whole source. Defaults to 4 GiB.
	SpoolDir        string // Where the temporary file goes. Defaults to os.TempDir().

	// Placeholders replaces whole lines of a message as it is read, before it
	// is parsed. It exists for the project's own test mail; see [EICAR].
	// Defaults to none.
	Placeholders map[string]string

	Password       string        // For an IMAP URL without one. Defaults to none.
	AllowPlaintext bool          // Lets the password travel unencrypted. Defaults to false: only to this machine.
	TLSConfig      *tls.Config   // For imaps and STARTTLS. Defaults to the system's roots.
	Timeout        time.Duration // After so long a silence an IMAP server is given up. Defaults to 30 s.
}

func (o *Options) withDefaults() Options {
	var out Options
	if o != nil {
		out = *o
	}
	out.MaxMessageBytes = cmp.Or(out.MaxMessageBytes, 64<<20)
	out.MaxParts = cmp.Or(out.MaxParts, 1000)
	out.MaxDepth = cmp.Or(out.MaxDepth, 20)
	out.MaxSpoolBytes = cmp.Or(out.MaxSpoolBytes, 4<<30)
	out.Timeout = cmp.Or(out.Timeout, 30*time.Second)
	return out
}

// Open finds out what spec names:
//
//   - a folder with cur and new: a Maildir
//   - any other folder: its .eml and .mbox files, by name
//   - a file: an mbox if it begins with "From ", otherwise one message
//   - imaps://user:password@host/folder: an IMAP account over TLS; port 993
//     and the folder INBOX unless named
//   - imap://…: the same on port 143, encrypted with STARTTLS unless the host
//     is this machine
//
// Special characters of user and password are percent-encoded. Nothing is
// changed: no flag is set, no file is moved. The caller closes the Source.
func Open(ctx context.Context, spec string, opts *Options) (Source, error) {
	o := opts.withDefaults()
	scheme, _, isURL := strings.Cut(spec, "://")
	switch {
	case !isURL:
		return openPath(spec, o)
	case strings.EqualFold(scheme, "imap"), strings.EqualFold(scheme, "imaps"):
		source, err := openIMAP(ctx, spec, o)
		if err != nil {
			return nil, err // not a nil *imapSource in an interface
		}
		return source, nil
	default:
		return nil, fmt.Errorf("mailbox: cannot read from a %q URL: want a path, imap:// or imaps://", scheme)
	}
}
