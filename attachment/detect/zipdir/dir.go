package zipdir

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Sentinels. Test with errors.Is.
var (
	ErrNotZip    = errors.New("zipdir: no ZIP directory")
	ErrMalformed = errors.New("zipdir: malformed ZIP file")

	// ErrAmbiguous is an ErrMalformed: there are two directories, and which of
	// them counts depends on the program.
	ErrAmbiguous = fmt.Errorf("%w: two directories", ErrMalformed)
)

const (
	localSignature     = 0x04034b50
	centralSignature   = 0x02014b50
	end64Signature     = 0x06064b50
	locator64Signature = 0x07064b50

	localLen     = 30
	centralLen   = 46
	endLen       = 22
	end64Len     = 56
	locator64Len = 20

	maxComment = 1<<16 - 1
)

// A Dir is the central directory of one ZIP file.
type Dir struct {
	r    io.ReaderAt
	size int64

	// Base is how many bytes stand before the archive: a self-extractor, or
	// the file that a polyglot pretends to be.
	Base int64
	// Start and End are between which offsets the central directory lies.
	Start, End int64
	// Count is how many entries the archive says it has.
	Count uint64
	// Trailing is how many bytes follow the archive and its comment.
	Trailing int64
}

// Open finds the central directory at the end of r. It returns ErrNotZip if
// there is none, ErrMalformed if there is half of one, ErrAmbiguous if there are
// two, or what r fails with.
func Open(r io.ReaderAt, size int64) (*Dir, error) {
	end, at, err := findEnd(r, size)
	if err != nil {
		return nil, err
	}
	d := &Dir{r: r, size: size}
	d.Count = uint64(binary.LittleEndian.Uint16(end[10:]))
	length := uint64(binary.LittleEndian.Uint32(end[12:]))
	offset := uint64(binary.LittleEndian.Uint32(end[16:]))
	d.Trailing = size - at - endLen - int64(binary.LittleEndian.Uint16(end[20:]))
	d.End = at
	if d.Count == 0xFFFF || length == 0xFFFFFFFF || offset == 0xFFFFFFFF {
		count64, length64, offset64, at64, err := findEnd64(r, at)
		switch {
		case err != nil:
			return nil, err
		case at64 >= 0:
			d.Count, length, offset, d.End = count64, length64, offset64, at64
		}
	}
	if length > uint64(d.End) || offset > uint64(d.End)-length {
		return nil, ErrMalformed
	}
	d.Start = d.End - int64(length)
	d.Base = d.Start - int64(offset)
	// Some writers state a wrong size. Where a header stands at the stated place,
	// that counts and not the place reckoned from the end, as in archive/zip.
	if d.Base > 0 && d.hasHeader(int64(offset)) {
		if d.hasHeader(d.Start) && !d.leads(int64(offset), d.Start) {
			return nil, ErrAmbiguous
		}
		d.Base, d.Start = 0, int64(offset)
	}
	if length > 0 && !d.hasSignature(d.Start, centralSignature) {
		return nil, ErrMalformed
	}
	return d, nil
}

func (d *Dir) hasSignature(at int64, signature uint32) bool {
	var b [4]byte
	_, err := readFull(d.r, b[:], at)
	return err == nil && binary.LittleEndian.Uint32(b[:]) == signature
}

// leads reports whether the header at to is one of those that follow on the
// header at from.
func (d *Dir) leads(from, to int64) bool {
	var b [centralLen]byte
	for n := binary.LittleEndian.Uint16; from < to; {
		if _, err := readFull(d.r, b[:], from); err != nil || binary.LittleEndian.Uint32(b[:]) != centralSignature {
			return false
		}
		from += centralLen + int64(n(b[28:])) + int64(n(b[30:])) + int64(n(b[32:]))
	}
	return from == to
}

// hasHeader reports whether a whole central header stands at offset at.
func (d *Dir) hasHeader(at int64) bool {
	var b [centralLen]byte
	if _, err := readFull(d.r, b[:], at); err != nil || binary.LittleEndian.Uint32(b[:]) != centralSignature {
		return false
	}
	n := binary.LittleEndian.Uint16
	return at+centralLen+int64(n(b[28:]))+int64(n(b[30:]))+int64(n(b[32:])) <= d.size
}

// findEnd looks for the last end-of-central-directory record. An earlier one
// that has this one in its comment is not looked for: which of the two counts
// depends on the program, and this is what most do.
func findEnd(r io.ReaderAt, size int64) (record []byte, at int64, err error) {
	if size < endLen {
		return nil, 0, ErrNotZip
	}
	// Nearly every archive has no comment: look there before reading 64 KiB.
	for _, window := range []int64{1 << 10, endLen + maxComment} {
		window = min(window, size)
		buf := make([]byte, window)
		if _, err := readFull(r, buf, size-window); err != nil {
			return nil, 0, err
		}
		i := bytes.LastIndex(buf, []byte("PK\x05\x06"))
		if i < 0 || len(buf)-i < endLen {
			continue
		}
		if int(binary.LittleEndian.Uint16(buf[i+20:])) > len(buf)-i-endLen {
			return nil, 0, ErrMalformed // the comment is cut
		}
		return buf[i : i+endLen], size - window + int64(i), nil
	}
	return nil, 0, ErrNotZip
}

// findEnd64 reads the ZIP64 record before the ordinary one; at is -1 if there
// is none.
func findEnd64(r io.ReaderAt, end int64) (count, length, offset uint64, at int64, err error) {
	if end < locator64Len {
		return 0, 0, 0, -1, nil
	}
	var locator [locator64Len]byte
	if _, err := readFull(r, locator[:], end-locator64Len); err != nil {
		return 0, 0, 0, -1, err
	}
	if binary.LittleEndian.Uint32(locator[:]) != locator64Signature {
		return 0, 0, 0, -1, nil
	}
	if disk, disks := binary.LittleEndian.Uint32(locator[4:]), binary.LittleEndian.Uint32(locator[16:]); disk != 0 || disks != 1 {
		return 0, 0, 0, -1, ErrMalformed // some would read it, some would not
	}
	at = int64(binary.LittleEndian.Uint64(locator[8:]))
	if at < 0 || at > end-locator64Len-end64Len {
		return 0, 0, 0, -1, ErrMalformed
	}
	var record [end64Len]byte
	if _, err := readFull(r, record[:], at); err != nil {
		return 0, 0, 0, -1, err
	}
	if binary.LittleEndian.Uint32(record[:]) != end64Signature {
		return 0, 0, 0, -1, ErrMalformed
	}
	return binary.LittleEndian.Uint64(record[32:]),
		binary.LittleEndian.Uint64(record[40:]),
		binary.LittleEndian.Uint64(record[48:]), at, nil
}

// readFull reads len(p) bytes at off; fewer are io.ErrUnexpectedEOF.
func readFull(r io.ReaderAt, p []byte, off int64) (int, error) {
	n, err := r.ReadAt(p, off)
	switch {
	case n == len(p):
		return n, nil
	case err == nil || errors.Is(err, io.EOF):
		return n, io.ErrUnexpectedEOF
	default:
		return n, err
	}
}
