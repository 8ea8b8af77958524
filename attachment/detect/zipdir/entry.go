package zipdir

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
)

// Compression methods (APPNOTE 4.4.5).
const (
	Store   = 0
	Deflate = 8
)

const (
	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3 // sizes follow the data
	flagMasked     = 1 << 13
)

// An Entry is one member as the central directory describes it.
type Entry struct {
	Name         string // as stored, in whatever charset
	Method       uint16
	Flags        uint16
	Compressed   uint64
	Uncompressed uint64
	Offset       int64 // of the local header, from the start of the file

	creator  uint16
	external uint32
}

// Encrypted reports whether the member's bytes cannot be read without a key.
func (e *Entry) Encrypted() bool { return e.Flags&(flagEncrypted|flagMasked) != 0 }

// IsDir reports whether the entry is a folder.
func (e *Entry) IsDir() bool {
	return e.Name != "" && (e.Name[len(e.Name)-1] == '/' || e.Name[len(e.Name)-1] == '\\')
}

// IsSymlink reports whether a Unix tool would create a symbolic link.
func (e *Entry) IsSymlink() bool {
	const unix, darwin, typeMask, symlink = 3, 19, 0o170000, 0o120000
	host := e.creator >> 8
	return (host == unix || host == darwin) && e.external>>16&typeMask == symlink
}

// Mode returns the permissions that a Unix tool recorded; 0 if none.
func (e *Entry) Mode() fs.FileMode { return fs.FileMode(e.external>>16) & fs.ModePerm }

// Entries yields the directory in order. It stops after the first error, which
// matches ErrMalformed or comes from the reader. Memory use does not depend on
// the number of entries.
func (d *Dir) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		length := d.End - d.Start
		buf := bufio.NewReaderSize(io.NewSectionReader(d.r, d.Start, length), int(max(centralLen, min(length, 4<<10))))
		var seen uint64
		for {
			e, err := d.next(buf)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			seen++
			if !yield(e, nil) {
				return
			}
		}
		// Writers that know no ZIP64 count modulo 65536.
		if seen != d.Count && uint16(seen) != uint16(d.Count) {
			yield(Entry{}, fmt.Errorf("%w: %d entries, not the %d announced", ErrMalformed, seen, d.Count))
		}
	}
}

// next reads one entry, or io.EOF where the directory ends.
func (d *Dir) next(buf *bufio.Reader) (Entry, error) {
	header, err := buf.Peek(centralLen)
	if len(header) == 0 && errors.Is(err, io.EOF) {
		return Entry{}, io.EOF
	}
	if len(header) >= 4 && binary.LittleEndian.Uint32(header) != centralSignature {
		return Entry{}, io.EOF // a digital signature, or an announced size that is too large
	}
	if err != nil {
		return Entry{}, malformed(err)
	}
	e := Entry{
		creator:      binary.LittleEndian.Uint16(header[4:]),
		Flags:        binary.LittleEndian.Uint16(header[8:]),
		Method:       binary.LittleEndian.Uint16(header[10:]),
		Compressed:   uint64(binary.LittleEndian.Uint32(header[20:])),
		Uncompressed: uint64(binary.LittleEndian.Uint32(header[24:])),
		external:     binary.LittleEndian.Uint32(header[38:]),
	}
	offset := uint64(binary.LittleEndian.Uint32(header[42:]))
	nameLen := int(binary.LittleEndian.Uint16(header[28:]))
	extraLen := int(binary.LittleEndian.Uint16(header[30:]))
	commentLen := int(binary.LittleEndian.Uint16(header[32:]))
	if _, err := buf.Discard(centralLen); err != nil {
		return Entry{}, malformed(err)
	}

	variable, err := buf.Peek(nameLen + extraLen)
	if errors.Is(err, bufio.ErrBufferFull) {
		variable = make([]byte, nameLen+extraLen)
		_, err = io.ReadFull(buf, variable)
	} else {
		commentLen += len(variable) // still in the buffer
	}
	if err != nil {
		return Entry{}, malformed(err)
	}
	e.Name = string(variable[:nameLen])
	complete := e.widen(variable[nameLen:], &offset)
	if _, err := buf.Discard(commentLen); err != nil {
		return Entry{}, malformed(err)
	}
	if !complete {
		return Entry{}, fmt.Errorf("%w: ZIP64 sizes of %.80q are missing", ErrMalformed, e.Name)
	}
	if offset > uint64(d.size) || int64(offset) > d.size-d.Base {
		return Entry{}, fmt.Errorf("%w: %.80q lies outside the file", ErrMalformed, e.Name)
	}
	e.Offset = d.Base + int64(offset)
	return e, nil
}

// widen replaces the 32-bit fields that say "see ZIP64" (APPNOTE 4.5.3).
func (e *Entry) widen(extra []byte, offset *uint64) bool {
	const full = 0xFFFFFFFF
	if e.Uncompressed != full && e.Compressed != full && *offset != full {
		return true
	}
	for len(extra) >= 4 {
		tag, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			break
		}
		if tag != 1 {
			extra = extra[n:]
			continue
		}
		body := extra[:n]
		for _, field := range [...]*uint64{&e.Uncompressed, &e.Compressed, offset} {
			if *field != full {
				continue
			}
			if len(body) < 8 {
				return false
			}
			*field = binary.LittleEndian.Uint64(body)
			body = body[8:]
		}
		return true
	}
	// Without the field, archive/zip takes a size of exactly 2³²-1 as meant.
	return *offset != full && e.Compressed != full
}

// Data returns the stored bytes of e, still compressed, after comparing the
// local header with the central one. A difference in what matters, the name,
// the method, the encryption or the sizes, is ErrMalformed: two programs would
// unpack two different things.
func (d *Dir) Data(e *Entry) (*io.SectionReader, error) {
	// The name had better be the same, so that one read gets it, too; behind the
	// last local header there is at least as much of a central one.
	header := make([]byte, localLen+len(e.Name))
	if _, err := readFull(d.r, header, e.Offset); err != nil {
		return nil, malformed(err)
	}
	if binary.LittleEndian.Uint32(header[:]) != localSignature {
		return nil, fmt.Errorf("%w: no local header for %.80q", ErrMalformed, e.Name)
	}
	nameLen := int(binary.LittleEndian.Uint16(header[26:]))
	extraLen := int64(binary.LittleEndian.Uint16(header[28:]))
	name := header[localLen:]
	if nameLen != len(name) {
		name = make([]byte, nameLen)
		if _, err := readFull(d.r, name, e.Offset+localLen); err != nil {
			return nil, malformed(err)
		}
	}
	flags := binary.LittleEndian.Uint16(header[6:])
	compressed := binary.LittleEndian.Uint32(header[18:])
	uncompressed := binary.LittleEndian.Uint32(header[22:])
	switch {
	case e.Flags&flagMasked == 0 && string(name) != e.Name:
		return nil, fmt.Errorf("%w: %.80q is %.80q in its local header", ErrMalformed, e.Name, name)
	case binary.LittleEndian.Uint16(header[8:]) != e.Method:
		return nil, fmt.Errorf("%w: two compression methods for %.80q", ErrMalformed, e.Name)
	case (flags^e.Flags)&flagEncrypted != 0:
		return nil, fmt.Errorf("%w: %.80q is encrypted in one header only", ErrMalformed, e.Name)
	case flags&(flagDescriptor|flagMasked) == 0 && (differs(compressed, e.Compressed) || differs(uncompressed, e.Uncompressed)):
		return nil, fmt.Errorf("%w: two sizes for %.80q", ErrMalformed, e.Name)
	}
	start := e.Offset + localLen + int64(nameLen) + extraLen
	if start > d.Start || e.Compressed > uint64(d.Start-start) {
		return nil, fmt.Errorf("%w: the data of %.80q runs into the directory", ErrMalformed, e.Name)
	}
	return io.NewSectionReader(d.r, start, int64(e.Compressed)), nil
}

// differs compares a 32-bit size with a full one; all ones refer to ZIP64.
func differs(local uint32, central uint64) bool {
	return local != 0xFFFFFFFF && uint64(local) != central
}

func malformed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends early", ErrMalformed)
	}
	return err
}
