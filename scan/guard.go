package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"runtime/debug"
	"sync"
)

// Guard returns s under the law that clean needs proof. It watches what s
// reads, and lets a Clean through only if
//
//   - Result.Bytes is the size of the object, and
//   - s read a stream of exactly that size to its end, whose SHA-256 is the
//     object's; or s declares the verdict ByHash, and the object has a hash.
//
// Anything else that calls itself Clean becomes ErrProtocol, and a panic
// becomes a PanicError. Worker, Chain, All and Cached guard their scanners
// themselves; call it around a scanner that you use on its own.
func Guard(s Scanner) Scanner {
	if g, ok := s.(*guard); ok {
		return g
	}
	return &guard{s}
}

type guard struct{ scanner Scanner }

func (g *guard) Unwrap() Scanner { return g.scanner }

func (g *guard) Scan(ctx context.Context, obj Object) (res Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = guardError(&PanicError{Value: v, Stack: debug.Stack()})
		}
		if err != nil {
			res = Result{}
		}
	}()
	w := witness{size: obj.Size, sha256: obj.SHA256, open: obj.Open, nested: obj.witnessed}
	obj.Open, obj.witnessed = w.Open, true
	res, err = g.scanner.Scan(ctx, obj)
	if err == nil && res.Verdict == Clean {
		err = w.check(res)
	}
	return res, err
}

func guardError(err error) error {
	return &Error{Scanner: "guard", Op: "scan", Err: err, Temporary: true}
}

// A witness remembers every stream that a scanner opened. Where guards are
// nested the outermost does the hashing for all.
type witness struct {
	size   int64
	sha256 string
	open   func(ctx context.Context) (io.ReadCloser, error)
	nested bool

	mu      sync.Mutex
	streams []*watchedStream
}

func (w *witness) Open(ctx context.Context) (io.ReadCloser, error) {
	body, err := w.open(ctx)
	if err != nil {
		return nil, err
	}
	s := &watchedStream{body: body}
	if w.sha256 != "" && !w.nested {
		s.hash = sha256.New()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.streams = append(w.streams, s)
	return s, nil
}

// check returns nil if res is a Clean that the witness can vouch for.
func (w *witness) check(res Result) error {
	if res.Bytes != w.size {
		return guardError(fmt.Errorf("%w: clean after %d of %d bytes", ErrProtocol, res.Bytes, w.size))
	}
	if res.ByHash && w.sha256 != "" {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := false
	for _, s := range w.streams {
		n, sum := s.seen()
		switch {
		case n > w.size:
			return guardError(fmt.Errorf("%w: more than the announced %d bytes", ErrSource, w.size))
		case n == w.size && sum != "" && sum != w.sha256:
			return guardError(fmt.Errorf("%w: the bytes scanned are not the bytes recorded", ErrSource))
		case n == w.size:
			seen = true
		}
	}
	if !seen {
		return guardError(fmt.Errorf("%w: clean without reading all %d bytes", ErrProtocol, w.size))
	}
	return nil
}

// watchedStream counts and hashes what is read. The lock is for a scanner that
// wrongly goes on reading after its Scan has returned.
type watchedStream struct {
	body io.ReadCloser

	mu   sync.Mutex
	n    int64
	hash hash.Hash // nil: only count
}

func (s *watchedStream) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n += int64(n)
	if s.hash != nil {
		s.hash.Write(p[:n])
	}
	return n, err
}

func (s *watchedStream) Close() error { return s.body.Close() }

func (s *watchedStream) seen() (n int64, sha256 string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hash == nil {
		return s.n, ""
	}
	return s.n, hex.EncodeToString(s.hash.Sum(nil))
}
