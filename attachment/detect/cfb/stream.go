package cfb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const miniSectorSize = 64

// Find returns the entry called name directly under the root, whatever the
// case, and false if there is none.
func (f *File) Find(name string) (Entry, bool) {
	for _, e := range f.Children(f.entries[0]) {
		if equalFold(e.Name, name) {
			return e, true
		}
	}
	return Entry{}, false
}

// Children returns what is directly inside the storage e.
func (f *File) Children(e Entry) []Entry {
	var children []Entry
	seen := make(map[uint32]bool)
	pending := []uint32{e.child}
	for len(pending) > 0 {
		at := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if int64(at) >= int64(len(f.entries)) || seen[at] {
			continue
		}
		seen[at] = true
		c := f.entries[at]
		children = append(children, c)
		pending = append(pending, c.left, c.right)
	}
	return children
}

// ReadPrefix reads the first bytes of stream e into p, and says how many there
// are; fewer than len(p) if the stream is shorter or breaks off.
func (f *File) ReadPrefix(e Entry, p []byte) (int, error) {
	n, err := io.ReadFull(f.Open(e), p[:min(int64(len(p)), e.Size)])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}

// Open returns a reader over stream e. It is valid as long as the underlying
// file is, and not safe for concurrent use with other calls on f.
func (f *File) Open(e Entry) io.Reader {
	if e.Size < miniCutoff {
		p := make([]byte, e.Size)
		n, err := f.readMini(e, p)
		if err == nil {
			err = io.EOF
		}
		return io.MultiReader(bytes.NewReader(p[:n]), failing{err})
	}
	return io.LimitReader(&chainReader{f: f, at: e.start}, e.Size)
}

type failing struct{ err error }

func (r failing) Read([]byte) (int, error) { return 0, r.err }

// chainReader reads sector after sector.
type chainReader struct {
	f    *File
	at   uint32
	buf  []byte
	rest []byte
}

func (r *chainReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.at >= maxSector {
			return 0, io.EOF
		}
		if r.buf == nil {
			r.buf = make([]byte, r.f.sectorSize)
		}
		if err := r.f.readSector(r.buf, r.at); err != nil {
			return 0, err
		}
		r.rest = r.buf
		var err error
		if r.at, err = r.f.follow(r.at); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// readMini reads a short stream, which lies in 64-byte pieces within the
// stream of the root.
func (f *File) readMini(e Entry, p []byte) (int, error) {
	n := 0
	piece := make([]byte, miniSectorSize)
	for at, steps := e.start, 0; n < len(p) && at < maxSector; steps++ {
		if steps > miniCutoff/miniSectorSize {
			return n, fmt.Errorf("%w: a short stream without end", ErrMalformed)
		}
		if err := f.readWithin(f.entries[0].start, int64(at)*miniSectorSize, piece); err != nil {
			return n, err
		}
		n += copy(p[n:], piece)
		var link [4]byte
		if err := f.readWithin(f.miniFAT, int64(at)*4, link[:]); err != nil {
			return n, err
		}
		at = binary.LittleEndian.Uint32(link[:])
	}
	return n, nil
}

// readWithin reads p at offset off of the chain that begins at sector start. p
// does not cross a sector.
func (f *File) readWithin(start uint32, off int64, p []byte) error {
	at := start
	for range off / f.sectorSize {
		if at >= maxSector {
			break
		}
		var err error
		if at, err = f.follow(at); err != nil {
			return err
		}
	}
	if at >= maxSector {
		return fmt.Errorf("%w: a short stream is past the end", ErrMalformed)
	}
	return readAt(f.r, p, (int64(at)+1)*f.sectorSize+off%f.sectorSize)
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x != y && (x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}
