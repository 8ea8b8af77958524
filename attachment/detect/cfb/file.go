package cfb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
)

// ErrMalformed is matched by every error about the file's structure.
var ErrMalformed = errors.New("cfb: malformed compound file")

// Magic begins every compound file.
const Magic = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"

const (
	headerLen  = 512
	entryLen   = 128
	headerFATs = 109
	maxSector  = 0xFFFFFFFA // sector numbers from here on have a meaning
	miniCutoff = 4096
	maxEntries = 1 << 14 // Office documents have dozens, installers a few thousand
	minSteps   = 1 << 12 // along all chains together, whatever the size
)

// The kinds of directory entries.
const (
	Storage = 1
	Stream  = 2
	Root    = 5
)

// An Entry is one storage or stream.
type Entry struct {
	Name  string
	Kind  byte
	CLSID [16]byte // as stored
	Size  int64

	start uint32
	left  uint32
	right uint32
	child uint32
}

// A File is an open compound file.
type File struct {
	r          io.ReaderAt
	size       int64
	sectorSize int64
	fat        []uint32 // sector numbers of the FAT itself
	miniFAT    uint32   // first sector of the mini FAT
	entries    []Entry  // the whole directory; the root is first

	steps  int    // how often a chain was followed
	cached uint32 // the FAT sector in cache, one more than its index
	cache  []byte
}

// Open reads the header and the directory of r.
func Open(r io.ReaderAt, size int64) (*File, error) {
	header := make([]byte, headerLen)
	if err := readAt(r, header, 0); err != nil {
		return nil, err
	}
	if string(header[:8]) != Magic {
		return nil, fmt.Errorf("%w: wrong magic", ErrMalformed)
	}
	shift := binary.LittleEndian.Uint16(header[30:])
	if shift != 9 && shift != 12 {
		return nil, fmt.Errorf("%w: sectors of 2^%d bytes", ErrMalformed, shift)
	}
	f := &File{r: r, size: size, sectorSize: 1 << shift, miniFAT: binary.LittleEndian.Uint32(header[60:])}
	f.cache = make([]byte, f.sectorSize)
	if err := f.readFATList(header); err != nil {
		return nil, err
	}
	if err := f.readDirectory(binary.LittleEndian.Uint32(header[48:])); err != nil {
		return nil, err
	}
	return f, nil
}

// Entries returns the whole directory, the root first, in stored order.
func (f *File) Entries() []Entry { return f.entries }

// readFATList collects where the FAT's sectors are: 109 in the header, the
// rest in a chain of DIFAT sectors.
func (f *File) readFATList(header []byte) error {
	// The FAT cannot need more sectors than would map the whole file.
	most := int(f.size/(f.sectorSize*f.sectorSize/4)) + 1
	most = min(most, int(binary.LittleEndian.Uint32(header[44:])))
	for i := range min(headerFATs, most) {
		f.fat = append(f.fat, binary.LittleEndian.Uint32(header[76+4*i:]))
	}
	perSector := int(f.sectorSize/4) - 1
	next := binary.LittleEndian.Uint32(header[68:])
	sector := make([]byte, f.sectorSize)
	for len(f.fat) < most && next < maxSector {
		if err := f.readSector(sector, next); err != nil {
			return err
		}
		for i := range min(perSector, most-len(f.fat)) {
			f.fat = append(f.fat, binary.LittleEndian.Uint32(sector[4*i:]))
		}
		next = binary.LittleEndian.Uint32(sector[4*perSector:])
	}
	return nil
}

func (f *File) readDirectory(start uint32) error {
	sector := make([]byte, f.sectorSize)
	for at := start; at < maxSector; {
		if err := f.readSector(sector, at); err != nil {
			return err
		}
		for off := 0; off < len(sector); off += entryLen {
			f.entries = append(f.entries, parseEntry(sector[off:off+entryLen]))
		}
		if len(f.entries) > maxEntries {
			return fmt.Errorf("%w: more than %d directory entries", ErrMalformed, maxEntries)
		}
		var err error
		if at, err = f.follow(at); err != nil {
			return err
		}
	}
	if len(f.entries) == 0 || f.entries[0].Kind != Root {
		return fmt.Errorf("%w: no root", ErrMalformed)
	}
	return nil
}

func parseEntry(b []byte) Entry {
	e := Entry{
		Kind:  b[66],
		left:  binary.LittleEndian.Uint32(b[68:]),
		right: binary.LittleEndian.Uint32(b[72:]),
		child: binary.LittleEndian.Uint32(b[76:]),
		start: binary.LittleEndian.Uint32(b[116:]),
		Size:  int64(binary.LittleEndian.Uint32(b[120:])), // the high half is garbage in version 3
	}
	copy(e.CLSID[:], b[80:96])
	n := min(int(binary.LittleEndian.Uint16(b[64:])), 64)/2 - 1
	units := make([]uint16, 0, 32)
	for i := range max(n, 0) {
		units = append(units, binary.LittleEndian.Uint16(b[2*i:]))
	}
	e.Name = string(utf16.Decode(units))
	return e
}

// follow returns the sector after at.
func (f *File) follow(at uint32) (uint32, error) {
	if f.steps++; int64(f.steps) > minSteps+4*f.size/f.sectorSize {
		return 0, fmt.Errorf("%w: a chain that never ends", ErrMalformed)
	}
	perSector := uint32(f.sectorSize / 4)
	index := at / perSector
	if int64(index) >= int64(len(f.fat)) {
		return 0, fmt.Errorf("%w: sector %d is outside the table", ErrMalformed, at)
	}
	if f.cached != index+1 {
		f.cached = 0
		if err := f.readSector(f.cache, f.fat[index]); err != nil {
			return 0, err
		}
		f.cached = index + 1
	}
	return binary.LittleEndian.Uint32(f.cache[at%perSector*4:]), nil
}

// readSector reads sector number n; the file may end within the last one.
func (f *File) readSector(p []byte, n uint32) error {
	if n >= maxSector {
		return fmt.Errorf("%w: no sector %#x", ErrMalformed, n)
	}
	off := (int64(n) + 1) * f.sectorSize
	got, err := f.r.ReadAt(p, off)
	clear(p[got:])
	if got > 0 || err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: sector %d is past the end", ErrMalformed, n)
	}
	return err
}

func readAt(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it ends early", ErrMalformed)
	}
	return err
}
