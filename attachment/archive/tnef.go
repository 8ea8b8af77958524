package archive

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
)

// Attributes of a TNEF stream ([MS-OXTNEF] 2.1.3.2), as type and id together.
const (
	attAttachTitle    = 0x00018010
	attAttachData     = 0x0006800F
	attAttachRendData = 0x00069002 // begins an attachment
	attAttachment     = 0x00069005 // its MAPI properties
)

// MAPI properties ([MS-OXPROPS]).
const (
	pidAttachLongFilename = 0x3707
	pidAttachDataObject   = 0x3701
)

// tnefAttachment is what has been read of one attachment.
type tnefAttachment struct {
	title, long string
	data        *io.SectionReader // attAttachData
	object      *io.SectionReader // an embedded message
}

// walkTNEF reads winmail.dat: Outlook's own way to wrap attachments.
func walkTNEF(ctx context.Context, w *walker) error {
	const headerLen, attributeLen, checksumLen = 6, 9, 2
	var current *tnefAttachment
	at := int64(headerLen)
	for at+attributeLen <= w.size {
		var head [attributeLen]byte
		if _, err := w.r.ReadAt(head[:], at); err != nil {
			if errors.Is(err, io.EOF) {
				return fmt.Errorf("%w: TNEF attribute is cut", ErrMalformed)
			}
			return err
		}
		id, length := binary.LittleEndian.Uint32(head[1:]), int64(binary.LittleEndian.Uint32(head[5:]))
		at += attributeLen
		length = min(length, w.size-at) // a cut attachment is judged by what is left
		body := io.NewSectionReader(w.r, at, length)
		at += length + checksumLen
		if err := ctx.Err(); err != nil {
			return err
		}
		switch id {
		case attAttachRendData:
			if err := w.showTNEF(ctx, current); err != nil {
				return err
			}
			current = &tnefAttachment{}
			continue
		case attAttachTitle, attAttachData, attAttachment:
			if current == nil {
				current = &tnefAttachment{}
			}
		}
		var err error
		switch id {
		case attAttachTitle:
			current.title, err = readName(body, length)
		case attAttachData:
			current.data = body
		case attAttachment:
			err = current.readProperties(w.r, body)
		}
		if err != nil {
			return err
		}
	}
	return w.showTNEF(ctx, current)
}

func (w *walker) showTNEF(ctx context.Context, a *tnefAttachment) error {
	if a == nil {
		return nil
	}
	name := a.long
	if name == "" {
		name = a.title
	} else if a.title != "" && a.title != a.long {
		// Some programs go by the short name.
		if err := w.show(ctx, Member{Name: a.title, Size: 0}, nil); err != nil {
			return err
		}
	}
	for _, body := range []*io.SectionReader{a.data, a.object} {
		if body == nil {
			continue
		}
		if err := w.show(ctx, Member{Name: name, Size: body.Size()}, body); err != nil {
			return err
		}
	}
	return nil
}

const maxNameBytes = 4 << 10

// readName reads a zero-terminated eight-bit name.
func readName(r io.Reader, length int64) (string, error) {
	b := make([]byte, min(length, maxNameBytes))
	if _, err := io.ReadFull(r, b); err != nil {
		return "", malformed(err)
	}
	return zeroTerminated(b), nil
}

func zeroTerminated(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// readProperties looks for the long file name and an embedded message in a list
// of MAPI properties ([MS-OXTNEF] 2.1.3.4).
func (a *tnefAttachment) readProperties(r io.ReaderAt, body *io.SectionReader) error {
	p := &properties{in: &countingReader{r: bufio.NewReader(body)}}
	for range p.uint32() {
		kind, id := p.uint16(), p.uint16()
		if id >= 0x8000 {
			p.skipName()
		}
		values := uint32(1)
		if kind&0x1000 != 0 || isVariable(kind&0x0FFF) {
			values = p.uint32()
		}
		for range values {
			if p.err != nil {
				return p.err
			}
			size := fixedSize(kind & 0x0FFF)
			if size < 0 {
				size = int64(p.uint32())
			}
			start := p.in.n
			switch id {
			case pidAttachLongFilename:
				a.long = p.text(kind&0x0FFF, size)
			case pidAttachDataObject:
				const interfaceID = 16 // before an embedded TNEF stream
				if size > interfaceID && size <= body.Size()-start {
					_, offset, _ := body.Outer()
					a.object = io.NewSectionReader(r, offset+start+interfaceID, size-interfaceID)
				}
			}
			p.skip(start + (size+3)&^3 - p.in.n)
		}
		if p.err != nil {
			return p.err
		}
	}
	return p.err
}

func isVariable(kind uint16) bool { return fixedSize(kind) < 0 }

// fixedSize returns the padded size of a property value; -1 if it varies.
func fixedSize(kind uint16) int64 {
	switch kind {
	case 0x02, 0x03, 0x04, 0x0A, 0x0B:
		return 4
	case 0x05, 0x06, 0x07, 0x14, 0x40:
		return 8
	case 0x48:
		return 16
	}
	return -1
}

// properties reads numbers and remembers the first error.
type properties struct {
	in  *countingReader
	err error
}

func (p *properties) bytes(n int64) []byte {
	b := make([]byte, n)
	if p.err == nil {
		if _, err := io.ReadFull(p.in, b); err != nil {
			p.err = malformed(err)
		}
	}
	return b
}

func (p *properties) uint16() uint16 { return binary.LittleEndian.Uint16(p.bytes(2)) }
func (p *properties) uint32() uint32 {
	n := binary.LittleEndian.Uint32(p.bytes(4))
	if p.err != nil {
		return 0
	}
	return n
}

func (p *properties) skip(n int64) {
	if p.err != nil || n <= 0 {
		return
	}
	if _, err := io.CopyN(io.Discard, p.in, n); err != nil {
		p.err = malformed(err)
	}
}

// skipName passes over the name of a named property.
func (p *properties) skipName() {
	p.skip(16)
	if p.uint32() == 0 {
		p.skip(4)
		return
	}
	p.skip((int64(p.uint32()) + 3) &^ 3)
}

func (p *properties) text(kind uint16, size int64) string {
	const unicode = 0x1F
	b := p.bytes(min(size, maxNameBytes))
	if kind != unicode {
		return zeroTerminated(b)
	}
	return utf16Name(b)
}

// utf16Name decodes a zero-terminated little-endian name.
func utf16Name(b []byte) string {
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		u := binary.LittleEndian.Uint16(b[i:])
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}
