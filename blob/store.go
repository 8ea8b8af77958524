package blob

import (
	"context"
	"io"
	"time"
)

// A Store keeps immutable blobs under keys that are written once.
// Implementations are safe for concurrent use.
//
// Keys follow [ValidateKey]; every method refuses any other with
// [ErrInvalidKey]. Errors are of type [*Error] and match the sentinels of this
// package with errors.Is. A call whose ctx has ended already fails with an
// error that matches ctx.Err(), and changes nothing.
type Store interface {
	// Create starts a new blob. Nothing is visible under key until
	// [Writer.Commit]. It returns ErrExists if it can already tell that key is
	// taken; otherwise Commit does, so a caller handles ErrExists from both.
	//
	// ctx covers Create only: the Writer outlives it. opts may be nil; what
	// [WriteOptions.Resolve] refuses is ErrInvalidOptions.
	Create(ctx context.Context, key string, opts *WriteOptions) (Writer, error)

	// Open reads length bytes starting at offset; a negative length reads to
	// the end, and a length of zero reads nothing and serves as a stat. A
	// range that ends past the blob is cut at its end; an offset past the end
	// is ErrInvalidRange (see [CutRange]). It returns ErrNotFound if there is
	// no such blob.
	//
	// ctx covers the whole life of the Reader. The caller closes it.
	Open(ctx context.Context, key string, offset, length int64) (*Reader, error)

	// Delete removes a blob. An absent key is not an error.
	Delete(ctx context.Context, key string) error
}

// A Writer receives the bytes of one new blob.
//
// It starts open. Commit and Abort end it, whichever comes first; after that
// Write returns [ErrFinished], Commit returns ErrFinished, and Abort does
// nothing. There is no Close: publication is always explicit, so that
//
//	defer w.Abort()
//
// is right on every path. A Writer is not safe for concurrent use. What it may
// offer besides ([Digester], [Staged]) is found with [AsWriter].
type Writer interface {
	// Write appends p. After an error the Writer can only be aborted.
	io.Writer

	// Commit publishes the blob and reports what was stored. It is terminal
	// even when it fails: ErrExists if the key was taken meanwhile,
	// ErrMismatch if the bytes differ from what WriteOptions announced, and
	// in both cases nothing is left behind.
	//
	// After any other error the blob may or may not be visible (the answer of
	// a remote store can get lost); Delete then settles it.
	Commit(ctx context.Context) (Info, error)

	// Abort drops what was written. It is idempotent, and a no-op after
	// Commit. It cleans up even when the context that started the write is
	// cancelled.
	Abort() error
}

// Info describes a stored blob.
type Info struct {
	Key         string
	Size        int64
	ContentType string
	SHA256      string // lower-case hex; "" where the store does not know it
	ModTime     time.Time
	Metadata    map[string]string
}

// A Reader is an open blob: its description, and the bytes of the range asked
// for. Info.Size is always the size of the whole blob.
type Reader struct {
	Info Info
	body io.ReadCloser
}

// NewReader joins info and body; stores call it from Open.
func NewReader(info Info, body io.ReadCloser) *Reader { return &Reader{Info: info, body: body} }

func (r *Reader) Read(p []byte) (int, error) { return r.body.Read(p) }

// Close releases the body. It must be called.
func (r *Reader) Close() error { return r.body.Close() }

// WriteTo lets the body choose the cheapest way to w, so that a file reaches a
// socket through sendfile.
func (r *Reader) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, r.body) }

// Body returns what the store handed to NewReader, for a caller that needs an
// ability of it (io.ReaderAt, io.Seeker) and checks for that. Offset zero is
// where the range begins.
func (r *Reader) Body() io.ReadCloser { return r.body }
