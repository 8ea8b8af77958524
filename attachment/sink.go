package attachment

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// sink writes to a staged blob, hashes unless the blob does so itself, and
// keeps what the policy wants to look at where the blob cannot be read before
// it is committed.
type sink struct {
	blob.Writer
	digester blob.Digester // the writer's own, or nil
	hash     hash.Hash     // nil if the writer hashes
	readable io.ReaderAt   // nil until makeReadable
	kept     io.Writer     // what readable reads from, if that is not the blob
	spool    *os.File      // nil unless everything is kept
}

func newSink(w blob.Writer) *sink {
	if digester, ok := blob.AsWriter[blob.Digester](w); ok {
		return &sink{Writer: w, digester: digester}
	}
	return &sink{Writer: w, hash: sha256.New()}
}

// makeReadable makes what is written from now on readable: its ends in memory,
// or all of it, in a file if need be.
func (s *sink) makeReadable(endsSuffice bool) error {
	if staged, ok := blob.AsWriter[blob.Staged](s.Writer); ok {
		s.readable = staged
		return nil
	}
	if endsSuffice {
		kept := new(ends)
		s.kept, s.readable = kept, kept
		return nil
	}
	spool, err := os.CreateTemp("", "attachment-*")
	if err != nil {
		return fmt.Errorf("make a spool file to look into the attachment: %w", err)
	}
	s.spool, s.kept, s.readable = spool, spool, spool
	return nil
}

func (s *sink) Write(p []byte) (int, error) {
	if s.hash != nil {
		s.hash.Write(p)
	}
	if s.kept != nil {
		if _, err := s.kept.Write(p); err != nil {
			return 0, fmt.Errorf("keep what the policy reads: %w", err)
		}
	}
	return s.Writer.Write(p)
}

func (s *sink) digest() string {
	if s.digester != nil {
		return s.digester.SHA256()
	}
	return hex.EncodeToString(s.hash.Sum(nil))
}

func (s *sink) close() {
	if s.spool != nil {
		_ = s.spool.Close()
		_ = os.Remove(s.spool.Name())
	}
}

// ends keeps the two ends of what is written to it, as far in as a policy reads
// where the ends suffice.
type ends struct {
	head, tail []byte
	size       int64
}

var errMiddle = errors.New("attachment: the middle of the content was not kept")

func (e *ends) Write(p []byte) (int, error) {
	e.head = append(e.head, p[:min(len(p), policy.HeadBytes-len(e.head))]...)
	if len(p) < policy.TailBytes {
		e.tail = append(e.tail, p...)
		e.tail = e.tail[max(0, len(e.tail)-policy.TailBytes):]
	} else {
		e.tail = append(e.tail[:0], p[len(p)-policy.TailBytes:]...)
	}
	e.size += int64(len(p))
	return len(p), nil
}

// ReadAt fails with errMiddle unless one of the two has all that is asked for.
func (e *ends) ReadAt(p []byte, offset int64) (int, error) {
	tailAt := e.size - int64(len(e.tail))
	switch end := offset + int64(len(p)); {
	case offset < 0 || offset >= e.size:
		return 0, io.EOF
	case end <= int64(len(e.head)):
		return copy(p, e.head[offset:]), nil
	case offset < tailAt:
		return 0, errMiddle
	}
	n := copy(p, e.tail[offset-tailAt:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
