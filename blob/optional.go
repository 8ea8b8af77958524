package blob

import (
	"context"
	"io"
	"iter"
	"time"
)

// Statter is a Store that can describe a blob without opening it.
// Use [Stat], which falls back to a read of length zero.
type Statter interface {
	Stat(ctx context.Context, key string) (Info, error)
}

// Lister is a Store that can enumerate. It yields every committed blob whose
// key starts with prefix, in no particular order, and stops after the first
// error it yields. Key, Size and ModTime are always set, the rest where it
// costs no further request.
type Lister interface {
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}

// URLSigner is a Store whose backend serves downloads itself.
type URLSigner interface {
	// SignURL returns a URL that lets its bearer GET key until it expires.
	// The URL is a secret: never log it.
	SignURL(ctx context.Context, key string, opts *SignURLOptions) (string, error)
}

// SignURLOptions shapes a presigned download.
type SignURLOptions struct {
	Expires            time.Duration // Defaults to one hour.
	ContentType        string        // The Content-Type to answer with. Defaults to the stored one.
	ContentDisposition string        // The Content-Disposition to answer with. Defaults to none.
}

// Copier is a Store that can copy without the bytes passing through here.
// Like Create it refuses a taken dst with ErrExists.
type Copier interface {
	Copy(ctx context.Context, dst, src string) (Info, error)
}

// Reclaimer is a Store whose unfinished writes can outlive a crash (temporary
// files, multipart uploads). Its cost grows with what is unfinished, not with
// what is stored.
type Reclaimer interface {
	// Reclaim removes unfinished writes that began before cutoff, and says
	// how many it removed. It never touches a committed blob. Choose a cutoff
	// older than the longest upload.
	Reclaim(ctx context.Context, cutoff time.Time) (removed int, err error)
}

// Digester is a Writer that hashes while it writes, so that its caller need
// not do it a second time. Find it with [AsWriter].
type Digester interface {
	// SHA256 returns the digest, in lower-case hex, of exactly the bytes that
	// Write has accepted so far, or what WriteOptions.Hashed gave. It still answers after a Commit that
	// succeeded; after any other end of the Writer its answer means nothing.
	SHA256() string
}

// Staged is a Writer whose bytes can be read back before they are published,
// so that an archive can be inspected and then refused. Find it with
// [AsWriter].
//
// ReadAt reads what Write has accepted so far and answers io.EOF past that.
// Calls of ReadAt may run in parallel with one another, but not with those of
// Write, Commit or Abort; after one of the latter two it returns ErrFinished.
type Staged interface {
	io.ReaderAt
}

// As finds the first store in the chain of wrappers around s that implements
// T. A wrapper exposes the store it wraps through `Unwrap() Store`.
//
// A wrapper that changes keys or bytes must itself implement every optional
// interface, answering ErrUnsupported where the inner store lacks it: As stops
// there, and nobody reaches around it.
func As[T any](s Store) (T, bool) { return as[Store, T](s) }

// AsWriter does for a Writer what [As] does for a Store. A wrapping Writer that
// passes bytes through unchanged offers `Unwrap() Writer`; one that changes
// them does not, and implements for itself what it can.
func AsWriter[T any](w Writer) (T, bool) { return as[Writer, T](w) }

func as[I comparable, T any](v I) (T, bool) {
	var none I
	for v != none {
		if t, ok := any(v).(T); ok {
			return t, true
		}
		u, ok := any(v).(interface{ Unwrap() I })
		if !ok {
			break
		}
		v = u.Unwrap()
	}
	var zero T
	return zero, false
}

// Stat describes a blob: through [Statter] where s has it, otherwise by a read
// of length zero.
func Stat(ctx context.Context, s Store, key string) (Info, error) {
	if st, ok := As[Statter](s); ok {
		return st.Stat(ctx, key)
	}
	r, err := s.Open(ctx, key, 0, 0)
	if err != nil {
		return Info{}, err
	}
	return r.Info, r.Close()
}
