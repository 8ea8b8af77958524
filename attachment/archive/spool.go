package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
)

const (
	// spoolMemory is how much of a member is held in memory before a file is used.
	spoolMemory = 1 << 20

	// spareMemory is the most of it that a budget keeps for the next spool.
	spareMemory = 128 << 10
)

// A Spool is a member unpacked for random access: in memory while it is small,
// in an unnamed temporary file otherwise.
type Spool struct {
	budget *Budget
	memory []byte
	file   *os.File
	size   int64
}

// NewSpool unpacks r, whose bytes the budget counts. The caller closes it.
func (b *Budget) NewSpool(ctx context.Context, r io.Reader) (*Spool, error) {
	r = contextReader{ctx, r}
	head := bytes.NewBuffer(b.spare[:0])
	b.spare = nil
	n, err := head.ReadFrom(io.LimitReader(r, spoolMemory+1))
	if err != nil {
		return nil, err
	}
	if n <= spoolMemory {
		return &Spool{budget: b, memory: head.Bytes(), size: n}, nil
	}
	file, err := os.CreateTemp(b.limits.TempDir, "attachment-*")
	if err != nil {
		return nil, err
	}
	s := &Spool{budget: b, file: file}
	s.size, err = io.Copy(file, io.MultiReader(head, r))
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Size returns how many bytes the member has.
func (s *Spool) Size() int64 { return s.size }

// ReadAt implements io.ReaderAt.
func (s *Spool) ReadAt(p []byte, off int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, off)
	}
	return bytes.NewReader(s.memory).ReadAt(p, off)
}

// Close frees the memory or removes the file.
func (s *Spool) Close() error {
	if cap(s.memory) <= spareMemory && cap(s.memory) > cap(s.budget.spare) {
		s.budget.spare = s.memory
	}
	s.memory = nil
	if s.file == nil {
		return nil
	}
	err := errors.Join(s.file.Close(), os.Remove(s.file.Name()))
	s.file = nil
	return err
}

// contextReader ends a long unpacking when ctx does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
