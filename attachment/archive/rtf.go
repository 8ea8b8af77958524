package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// objectData is the control word before every embedded object. Word takes it in
// this case only.
const objectData = `\objdata`

// walkRTF shows the objects embedded in a document. Word reads the hexadecimal
// digits of an object past everything that is none, and so must we: what does
// not make sense then is taken for an attempt to hide something.
func walkRTF(ctx context.Context, w *walker) error {
	hex := &rtfHex{in: &countingReader{r: bufio.NewReader(nil)}}
	object := bufio.NewReader(nil)
	var room []byte
	for at := int64(0); ; {
		found, err := w.index(ctx, at, objectData, &room)
		if err != nil || found < 0 {
			return err
		}
		at = found + int64(len(objectData))
		hex.reset(contextReader{ctx, io.NewSectionReader(w.r, at, w.size-at)})
		object.Reset(w.inflated(ctx, hex))
		if err := w.showObject(ctx, object); err != nil {
			return err
		}
		if _, err := object.Discard(math.MaxInt); !errors.Is(err, io.EOF) {
			return err
		}
		at += hex.next
	}
}

// index returns where s stands at or after offset at; -1 if nowhere. It looks
// further and further ahead, in room, which it makes.
func (w *walker) index(ctx context.Context, at int64, s string, room *[]byte) (int64, error) {
	for step := 256; at < w.size; step = min(4*step, 64<<10) {
		if err := ctx.Err(); err != nil {
			return -1, err
		}
		if len(*room) < step {
			*room = make([]byte, step)
		}
		n, err := w.r.ReadAt((*room)[:min(int64(step), w.size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return -1, err
		}
		if found := bytes.Index((*room)[:n], []byte(s)); found >= 0 {
			return at + int64(found), nil
		}
		if n < len(s) {
			return -1, nil
		}
		at += int64(n - len(s) + 1)
	}
	return -1, nil
}

// showObject reads the OLE 1.0 object ([MS-OLEDS] 2.2.4 and 2.2.5) that in holds.
func (w *walker) showObject(ctx context.Context, in *bufio.Reader) error {
	if _, err := in.Peek(1); errors.Is(err, io.EOF) {
		return w.budget.member() // no object but its picture
	}
	const linked, embedded = 1, 2
	format, class, err := readObjectHeader(in)
	switch {
	case err != nil && !errors.Is(err, ErrMalformed):
		return err
	case err == nil && format == linked:
		return nil // a path, like a hyperlink
	case err != nil || format != embedded:
		return w.show(ctx, Member{Unreadable: true}, nil)
	case strings.Contains(strings.ToLower(class), "package"):
		err := w.showPackage(ctx, in)
		if errors.Is(err, ErrMalformed) {
			return w.show(ctx, Member{Unreadable: true}, nil)
		}
		return err
	}
	// A compound file, a picture, whatever the program called class writes.
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return nil // nothing there
	}
	length := int64(binary.LittleEndian.Uint32(size[:]))
	return w.show(ctx, Member{Size: length}, io.LimitReader(in, length))
}

func readObjectHeader(in *bufio.Reader) (format uint32, class string, err error) {
	var fixed [8]byte // version, which nobody checks, and format
	if _, err := io.ReadFull(in, fixed[:]); err != nil {
		return 0, "", malformed(err)
	}
	format = binary.LittleEndian.Uint32(fixed[4:])
	var names [3]string // class, topic, item
	for i := range names {
		if names[i], err = readCounted(in); err != nil {
			return 0, "", err
		}
	}
	return format, names[0], nil
}

// readCounted reads a string with its length in front.
func readCounted(in *bufio.Reader) (string, error) {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return "", malformed(err)
	}
	length := binary.LittleEndian.Uint32(size[:])
	if length > maxNameBytes {
		return "", fmt.Errorf("%w: name of an object", ErrMalformed)
	}
	return readName(in, int64(length))
}

// rtfHex decodes the data of an object. It ends with the group, or where
// another object begins.
type rtfHex struct {
	in     *countingReader
	depth  int // of groups within the data
	hidden int // if not 0, the depth of a group that Word passes over
	binary int64
	ended  bool
	next   int64 // where it ended
}

func (h *rtfHex) reset(r io.Reader) {
	h.in.r.Reset(r)
	h.in.n = 0
	*h = rtfHex{in: h.in}
}

func (h *rtfHex) Read(p []byte) (int, error) {
	for i := range p {
		b, err := h.byte()
		if err != nil {
			return i, err
		}
		p[i] = b
	}
	return len(p), nil
}

// byte returns the next byte: two digits, or one of binary data.
func (h *rtfHex) byte() (byte, error) {
	var digits byte
	for n := 0; n < 2; {
		if h.ended {
			return 0, io.EOF
		}
		h.next = h.in.n
		c, err := h.in.ReadByte()
		if err != nil {
			h.ended = true
			return 0, err
		}
		switch {
		case h.binary > 0:
			if h.binary--; h.hidden == 0 {
				return c, nil
			}
		case c == '{':
			h.depth++
			h.open()
		case c == '}':
			if h.hidden == h.depth {
				h.hidden = 0
			}
			h.depth--
			h.ended = h.depth < 0
		case c == '\\':
			if err := h.control(); err != nil {
				return 0, err
			}
		case h.hidden == 0:
			if d := strings.IndexByte("0123456789abcdefABCDEF", c); d >= 0 {
				if d > 15 {
					d -= 6
				}
				digits = digits<<4 | byte(d)
				n++
			}
		}
	}
	return digits, nil
}

// open looks whether a group begins with \*, the sign that whoever does not know
// what follows passes over it.
func (h *rtfHex) open() {
	if next, _ := h.in.r.Peek(2); string(next) == `\*` && h.hidden == 0 {
		h.hidden = h.depth
	}
}

// control reads what follows a backslash: letters, a number, a blank.
func (h *rtfHex) control() error {
	word := h.while(func(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' })
	if word == "" {
		return h.symbol()
	}
	number := h.while(func(c byte) bool { return c == '-' || '0' <= c && c <= '9' })
	if next, _ := h.in.r.Peek(1); string(next) == " " {
		_, _ = h.in.ReadByte()
	}
	switch {
	case word == objectData[1:]:
		h.ended = true
	case word == "bin":
		h.binary, _ = strconv.ParseInt(number, 10, 33)
	}
	return nil
}

// while reads as long as the next byte is one of those; control words are short.
func (h *rtfHex) while(is func(byte) bool) string {
	const longest = 32
	var text []byte
	for len(text) < longest {
		next, err := h.in.r.Peek(1)
		if err != nil || !is(next[0]) {
			break
		}
		_, _ = h.in.ReadByte()
		text = append(text, next[0])
	}
	return string(text)
}

// symbol reads a control symbol, and passes over the digits of \'hh.
func (h *rtfHex) symbol() error {
	c, err := h.in.ReadByte()
	for i := 0; i < 2 && err == nil && c == '\''; i++ {
		_, err = h.in.ReadByte()
	}
	return err
}
