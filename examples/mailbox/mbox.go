package mailbox

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// fromLine begins the line that separates the messages of an mbox file. It
// counts only at the beginning of the file and after an empty line (RFC 4155);
// a line of text that looks like it was escaped by whoever wrote the file.
const fromLine = "From "

func (f *files) mbox(ctx context.Context, path string, br *bufio.Reader, yield func(Message, error) bool) {
	split := newMboxSplitter(br)
	for n := 1; ctx.Err() == nil; n++ {
		raw, err := split.next()
		if errors.Is(err, io.EOF) {
			return
		}
		location := fmt.Sprintf("%s#%d", path, n)
		if err != nil {
			yield(Message{Location: location}, &Error{Location: location, Err: pathCause(err)})
			return
		}
		if !yield(f.parse(ctx, location, raw)) {
			return
		}
	}
}

// mboxSplitter cuts a stream into messages without holding more than a
// buffer's worth of it.
type mboxSplitter struct {
	br        *bufio.Reader
	lineStart bool // what comes next begins a line
	boundary  bool // a separator line comes next
	blank     []byte
	err       error
}

func newMboxSplitter(r io.Reader) *mboxSplitter {
	return &mboxSplitter{br: bufio.NewReader(r), lineStart: true, boundary: true}
}

// next returns the next message; the one before need not have been read to its
// end. It returns io.EOF after the last.
func (s *mboxSplitter) next() (io.Reader, error) {
	for !s.boundary && s.err == nil {
		_, s.err = s.chunk()
	}
	for s.boundary && s.err == nil { // the separator itself, however long
		var line []byte
		line, s.err = s.slice()
		s.boundary = !bytes.HasSuffix(line, []byte("\n"))
	}
	if s.err != nil {
		return nil, s.err
	}
	s.lineStart = true
	return &mboxMessage{split: s}, nil
}

// chunk returns the next piece of the current message: a line, or part of one
// that is longer than the buffer. It returns nothing when a separator is next.
//
// The empty line before a separator belongs to the separator, so an empty line
// is held back until it is known what follows.
func (s *mboxSplitter) chunk() ([]byte, error) {
	if line := s.blank; line != nil {
		s.blank = nil
		switch next, _ := s.br.Peek(len(fromLine)); string(next) {
		case fromLine:
			s.boundary = true
			return nil, nil
		case "": // the end of the file separates too
			return nil, nil
		}
		return line, nil
	}
	line, err := s.slice()
	begins := s.lineStart
	s.lineStart = bytes.HasSuffix(line, []byte("\n"))
	if begins && (string(line) == "\n" || string(line) == "\r\n") {
		s.blank = bytes.Clone(line)
		return nil, err
	}
	if begins && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte(fromLine)) && line[0] == '>' {
		line = line[1:] // mboxrd: one ">" less
	}
	return line, err
}

func (s *mboxSplitter) slice() ([]byte, error) {
	line, err := s.br.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) || len(line) > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return line, err
}

// mboxMessage reads one message of a splitter.
type mboxMessage struct {
	split   *mboxSplitter
	pending []byte
}

func (m *mboxMessage) Read(p []byte) (int, error) {
	for len(m.pending) == 0 {
		if m.split.boundary {
			return 0, io.EOF
		}
		if m.split.err != nil {
			return 0, m.split.err
		}
		m.pending, m.split.err = m.split.chunk()
	}
	n := copy(p, m.pending)
	m.pending = m.pending[n:]
	return n, nil
}
