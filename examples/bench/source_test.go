package bench

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
)

// noise is what sources repeat: incompressible, and of no known type.
var noise = func() []byte {
	p := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(p)
	return p
}()

// source yields size bytes at the cost of a memory copy, 32 KiB at a time, as a
// decoder would. No two serials give the same bytes.
type source struct {
	serial     uint64
	size, read int64
}

func newSource(serial int, size int64) *source { return &source{serial: uint64(serial), size: size} }

func (s *source) Read(p []byte) (int, error) {
	if s.read == s.size {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), s.size-s.read, 32<<10)], noise[s.read%int64(len(noise)):])
	if s.read == 0 && n >= 16 {
		binary.BigEndian.PutUint64(p[8:], s.serial)
	}
	s.read += int64(n)
	return n, nil
}
