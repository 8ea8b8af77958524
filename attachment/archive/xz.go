package archive

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// xzReader reads the .xz file format 1.2.1. The xz package is not used as a
// whole, because it allocates whatever dictionary a block asks for, 4 GiB if it
// likes; its LZMA2 decoder can be bounded, and what surrounds that is simple.
// Checks are skipped: a damaged file is none of our business.
type xzReader struct {
	in    *countingReader
	check int       // bytes of check after each block
	block io.Reader // nil between blocks
}

var xzMagic = [6]byte{0xFD, '7', 'z', 'X', 'Z', 0}

func newXZReader(r io.Reader) (*xzReader, error) {
	x := &xzReader{in: &countingReader{r: bufio.NewReader(r)}}
	return x, x.streamHeader()
}

func (x *xzReader) streamHeader() error {
	var header [12]byte
	if _, err := io.ReadFull(x.in, header[:]); err != nil {
		return malformed(err)
	}
	if [6]byte(header[:6]) != xzMagic {
		return fmt.Errorf("%w: no xz stream", ErrMalformed)
	}
	x.check = [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[header[7]&0x0F]
	return nil
}

func (x *xzReader) Read(p []byte) (int, error) {
	for {
		if x.block == nil {
			if err := x.nextBlock(); err != nil {
				return 0, err
			}
		}
		n, err := x.block.Read(p)
		if errors.Is(err, io.EOF) {
			x.block = nil
			if err := x.endBlock(); err != nil {
				return n, err
			}
			err = nil
		}
		if err != nil {
			return n, malformed(err)
		}
		if n > 0 {
			return n, nil
		}
	}
}

// nextBlock reads a block header, or io.EOF at the index.
func (x *xzReader) nextBlock() error {
	x.in.n = 0
	size, err := x.in.ReadByte()
	if err != nil {
		return malformed(err)
	}
	if size == 0 {
		return io.EOF // the index; streams behind it are left alone
	}
	header := make([]byte, int(size)*4+4-1)
	if _, err := io.ReadFull(x.in, header); err != nil {
		return malformed(err)
	}
	flags := header[0]
	if flags&0x03 != 0 || flags&0x3C != 0 {
		return fmt.Errorf("%w: xz with a filter besides LZMA2", ErrUnsupported)
	}
	rest := header[1 : len(header)-4]
	for range int(flags>>6&1) + int(flags>>7&1) { // compressed and uncompressed size
		_, n := binary.Uvarint(rest)
		if n <= 0 {
			return fmt.Errorf("%w: xz block header", ErrMalformed)
		}
		rest = rest[n:]
	}
	const lzma2 = 0x21
	if len(rest) < 3 || rest[0] != lzma2 || rest[1] != 1 {
		return fmt.Errorf("%w: xz with another filter than LZMA2", ErrUnsupported)
	}
	x.block, err = lzma2Reader(x.in, rest[2])
	return err
}

// endBlock skips the padding and the check.
func (x *xzReader) endBlock() error {
	padding := (4 - x.in.n%4) % 4
	if _, err := io.CopyN(io.Discard, x.in, padding+int64(x.check)); err != nil {
		return malformed(err)
	}
	return nil
}

// lzma2Reader decodes LZMA2 with the dictionary that one property byte names.
func lzma2Reader(r io.Reader, property byte) (io.Reader, error) {
	size, err := lzma.DecodeDictCap(property)
	if err != nil {
		return nil, malformed(err)
	}
	if size > maxDictionary {
		return nil, fmt.Errorf("%w: a dictionary of %d MiB", ErrUnsupported, size>>20)
	}
	d, err := lzma.Reader2Config{DictCap: int(max(size, lzma.MinDictCap))}.NewReader2(r)
	if err != nil {
		return nil, malformed(err)
	}
	return d, nil
}

// countingReader knows how far it is, and never reads ahead for its caller.
type countingReader struct {
	r *bufio.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *countingReader) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

func walkXZ(ctx context.Context, w *walker) error {
	x, err := newXZReader(w.section())
	if err != nil {
		return err
	}
	return w.walkStream(ctx, x)
}

// walkLZMA reads the older format with nothing but a 13-byte header.
func walkLZMA(ctx context.Context, w *walker) error {
	r, err := lzmaReader(bufio.NewReader(w.section()))
	if err != nil {
		return err
	}
	return w.walkStream(ctx, r)
}
