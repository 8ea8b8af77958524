// Package uuencode reads files written into text by uuencode (POSIX.1), in its
// own code or in Base64, wherever in the text they begin: uudecode looks for
// them, and so does Outlook in the text of a mail.
package uuencode

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
)

// Contains reports whether a file begins anywhere in text.
func Contains(text []byte) bool {
	const begin = "begin"
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(begin))
		if i < 0 {
			return false
		}
		at := from + i
		if at == 0 || text[at-1] == '\n' || text[at-1] == '\r' {
			line, rest, _ := bytes.Cut(text[at:], []byte("\n"))
			data, _, _ := bytes.Cut(rest, []byte("\n"))
			if _, _, ok := header(line); ok && isData(data) {
				return true
			}
		}
		from = at + len(begin)
	}
}

// header reads "begin 644 name" or "begin-base64 644 name".
func header(line []byte) (name string, inBase64, ok bool) {
	rest, found := bytes.CutPrefix(line, []byte("begin"))
	if !found {
		return "", false, false
	}
	rest, inBase64 = bytes.CutPrefix(rest, []byte("-base64"))
	mode := bytes.TrimLeft(rest, " \t")
	n := 0
	for n < len(mode) && '0' <= mode[n] && mode[n] <= '7' {
		n++
	}
	trimmed := bytes.TrimSpace(mode[n:])
	if len(mode) == len(rest) || n < 3 || len(trimmed) == 0 || mode[n] != ' ' && mode[n] != '\t' {
		return "", false, false
	}
	return string(trimmed), inBase64, true
}

// isData reports whether line may follow a header. Decoders take any character
// for one of theirs, so there is not much to ask for.
func isData(line []byte) bool { return len(bytes.TrimSpace(line)) > 0 }

func value(c byte) int { return int(c-' ') & 0x3F }

// A Reader goes from file to file in a text.
type Reader struct {
	in       *bufio.Reader
	line     []byte // read ahead, if there
	ahead    bool
	within   bool // a file
	inBase64 bool
	pending  []byte // Base64 that is not yet four characters
	decoded  []byte // not yet handed out
	err      error
}

// NewReader returns a Reader of the text in r.
func NewReader(r io.Reader) *Reader {
	const longestLine = 4 << 10
	return &Reader{in: bufio.NewReaderSize(r, longestLine)}
}

// Next goes to the beginning of the next file and returns its name; io.EOF if
// there is none.
func (r *Reader) Next() (name string, err error) {
	for r.within {
		r.readLine()
	}
	for {
		line, err := r.next()
		if err != nil {
			return "", err
		}
		name, inBase64, ok := header(line)
		if !ok {
			continue
		}
		data, err := r.next()
		if err != nil {
			return "", err
		}
		r.ahead = true
		if isData(data) {
			r.within, r.inBase64, r.pending, r.decoded = true, inBase64, nil, nil
			return name, nil
		}
	}
}

// Read reads from the file that Next went to. A file that is malformed ends
// where it is.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.decoded) == 0 {
		if !r.within {
			if r.err != nil && !errors.Is(r.err, io.EOF) {
				return 0, r.err
			}
			return 0, io.EOF
		}
		r.readLine()
	}
	n := copy(p, r.decoded)
	r.decoded = r.decoded[n:]
	return n, nil
}

// readLine decodes one line of a file, and leaves the file at its end.
func (r *Reader) readLine() {
	line, err := r.next()
	line = bytes.TrimRight(line, "\r\n")
	switch {
	case err != nil, !r.inBase64 && string(line) == "end", r.inBase64 && bytes.HasPrefix(line, []byte("====")):
		r.within = false
	case r.inBase64:
		r.decodeBase64(line)
	default:
		r.decoded = appendLine(r.decoded[:0], line)
	}
}

// next returns the next line, or as much of it as there is room for.
func (r *Reader) next() ([]byte, error) {
	if r.ahead {
		r.ahead = false
		return r.line, nil
	}
	if r.err != nil {
		return nil, r.err
	}
	line, err := r.in.ReadSlice('\n')
	r.line = append(r.line[:0], line...)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.in.ReadSlice('\n')
	}
	r.err = err
	if len(r.line) == 0 && err != nil {
		return nil, err
	}
	return r.line, nil
}

// appendLine decodes a line: its length, then four characters for three bytes.
// Blanks at the end may have been lost on the way.
func appendLine(to, line []byte) []byte {
	if len(line) == 0 {
		return to
	}
	n := value(line[0])
	line = line[1:]
	at := func(i int) int {
		if i < len(line) {
			return value(line[i])
		}
		return 0
	}
	for i := 0; n > 0; i += 4 {
		bits := at(i)<<18 | at(i+1)<<12 | at(i+2)<<6 | at(i+3)
		to = append(to, []byte{byte(bits >> 16), byte(bits >> 8), byte(bits)}[:min(n, 3)]...)
		n -= 3
	}
	return to
}

func (r *Reader) decodeBase64(line []byte) {
	r.pending = append(r.pending, bytes.TrimSpace(line)...)
	whole := len(r.pending) &^ 3
	r.decoded = append(r.decoded[:0], make([]byte, whole/4*3)...)
	n, _ := base64.StdEncoding.Decode(r.decoded, r.pending[:whole])
	r.decoded = r.decoded[:n]
	r.pending = append(r.pending[:0], r.pending[whole:]...)
}
