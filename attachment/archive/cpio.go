package archive

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
)

// cpioHeader is what the four formats of cpio have in common.
type cpioHeader struct {
	mode, nameLen, size int64
	align               int64
}

// walkCPIO reads the "newc", "crc", "odc" and old binary formats.
func walkCPIO(ctx context.Context, w *walker) error {
	in := &countingReader{r: bufio.NewReader(contextReader{ctx, w.section()})}
	for {
		h, err := readCPIOHeader(in)
		if err != nil {
			return err
		}
		const maxName = 4096
		if h.nameLen < 1 || h.nameLen > maxName || h.size < 0 || h.size > w.size {
			return fmt.Errorf("%w: cpio header", ErrMalformed)
		}
		name := make([]byte, h.nameLen)
		if _, err := io.ReadFull(in, name); err != nil {
			return malformed(err)
		}
		if err := in.skipTo(h.align); err != nil {
			return err
		}
		m := Member{Name: string(name[:len(name)-1]), Size: h.size}
		if m.Name == "TRAILER!!!" {
			return nil
		}
		body := io.LimitReader(in, h.size)
		switch h.mode & 0o170000 {
		case 0o100000:
			err = w.show(ctx, m, body)
		case 0o040000:
			m.Dir = true
			err = w.show(ctx, m, nil)
		default:
			m.Link = true
			err = w.show(ctx, m, nil)
		}
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return malformed(err)
		}
		if err := in.skipTo(h.align); err != nil {
			return err
		}
	}
}

func (c *countingReader) skipTo(align int64) error {
	_, err := io.CopyN(io.Discard, c, (align-c.n%align)%align)
	if err != nil {
		return malformed(err)
	}
	return nil
}

func readCPIOHeader(in *countingReader) (cpioHeader, error) {
	magic, err := in.r.Peek(6)
	if err != nil {
		return cpioHeader{}, malformed(err)
	}
	switch {
	case string(magic) == "070701", string(magic) == "070702": // newc: eight hexadecimal digits each
		return readCPIOText(in, 110, 16, cpioField{14, 8}, cpioField{54, 8}, cpioField{94, 8}, 4)
	case string(magic) == "070707": // odc: octal digits
		return readCPIOText(in, 76, 8, cpioField{18, 6}, cpioField{65, 11}, cpioField{59, 6}, 1)
	case magic[0] == 0xC7 && magic[1] == 0x71:
		return readCPIOBinary(in, binary.LittleEndian)
	case magic[0] == 0x71 && magic[1] == 0xC7:
		return readCPIOBinary(in, binary.BigEndian)
	}
	return cpioHeader{}, fmt.Errorf("%w: no cpio header", ErrMalformed)
}

type cpioField struct{ at, width int }

func readCPIOText(in io.Reader, length, base int, mode, size, nameLen cpioField, align int64) (cpioHeader, error) {
	buf := make([]byte, length)
	if _, err := io.ReadFull(in, buf); err != nil {
		return cpioHeader{}, malformed(err)
	}
	h := cpioHeader{align: align}
	for _, field := range []struct {
		cpioField
		to *int64
	}{{mode, &h.mode}, {size, &h.size}, {nameLen, &h.nameLen}} {
		const bits = 62
		n, err := strconv.ParseUint(string(buf[field.at:field.at+field.width]), base, bits)
		if err != nil {
			return cpioHeader{}, fmt.Errorf("%w: cpio header", ErrMalformed)
		}
		*field.to = int64(n)
	}
	return h, nil
}

// readCPIOBinary reads sixteen-bit words; a 32-bit number has its high half
// first whatever the byte order.
func readCPIOBinary(in *countingReader, order binary.ByteOrder) (cpioHeader, error) {
	var buf [26]byte
	if _, err := io.ReadFull(in, buf[:]); err != nil {
		return cpioHeader{}, malformed(err)
	}
	word := func(i int) int64 { return int64(order.Uint16(buf[2*i:])) }
	return cpioHeader{mode: word(3), nameLen: word(10), size: word(11)<<16 | word(12), align: 2}, nil
}
