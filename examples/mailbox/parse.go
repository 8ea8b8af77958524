package mailbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"

	"github.com/emersion/go-message/textproto"
)

// maxHeaderBytes bounds the fields of a message, before its body.
const maxHeaderBytes = 1 << 20

// parser turns raw messages into Messages whose parts lie in a spool. One
// goroutine uses it at a time.
type parser struct {
	opts  Options
	spool *spool
}

func newParser(opts Options) (*parser, error) {
	s, err := newSpool(opts.SpoolDir, opts.MaxSpoolBytes)
	if err != nil {
		return nil, fmt.Errorf("mailbox: temporary file: %w", err)
	}
	return &parser{opts: opts, spool: s}, nil
}

// Close releases the bytes of all parts.
func (p *parser) Close() error { return p.spool.close() }

// parse reads one message. What it returns beside an error is what could be
// read before and around the fault.
func (p *parser) parse(ctx context.Context, location string, raw io.Reader) (Message, error) {
	msg := Message{Location: location}
	if len(p.opts.Placeholders) > 0 {
		raw = newPlaceholderReader(raw, p.opts.Placeholders)
	}
	limited := &limitedReader{ctx: ctx, r: raw, left: min(maxHeaderBytes, p.opts.MaxMessageBytes)}
	body := bufio.NewReader(limited)
	header, err := readHeader(body)
	if err != nil {
		if limited.err != nil {
			err = limited.err
		}
		return msg, &Error{Location: location, Err: err}
	}
	limited.left += max(0, p.opts.MaxMessageBytes-maxHeaderBytes)

	msg.From, msg.Subject = decodeWords(header.Get("From")), decodeWords(header.Get("Subject"))
	msg.Date, _ = netmail.ParseDate(header.Get("Date"))
	msg.ID = messageID(header.Get("Message-Id"))
	w := &walker{parser: p, limited: limited, location: location}
	if msg.ID != "" {
		w.walk(header, body)
	} else {
		digest := newIdentity(header)
		w.walk(header, io.TeeReader(body, digest))
		msg.ID = digest.String()
	}
	msg.Attachments = w.parts
	return msg, errors.Join(w.errs...)
}

// readHeader reads the fields of a message. Any text with a colon in its first
// line would do; so that a stray file is not taken for mail, one field that
// only mail has must be there.
func readHeader(r *bufio.Reader) (textproto.Header, error) {
	if bom, _ := r.Peek(3); string(bom) == "\xef\xbb\xbf" { // some editors save .eml files with one
		_, _ = r.Discard(3)
	}
	header, err := textproto.ReadHeader(r)
	if err != nil && !errors.Is(err, io.EOF) { // EOF: a header without a body is a message too
		return header, fmt.Errorf("%w: %w", ErrNotMessage, err)
	}
	for _, field := range []string{"From", "Sender", "To", "Date", "Subject", "Message-Id", "Received", "Mime-Version"} {
		if header.Has(field) {
			return header, nil
		}
	}
	return header, ErrNotMessage
}

// limitedReader fails with ErrTooLarge after so many bytes, and with the
// cause once ctx is done. It remembers the failure, which the MIME reader
// above it would turn into mere text.
type limitedReader struct {
	ctx  context.Context
	r    io.Reader
	left int64
	err  error
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.err == nil {
		l.err = context.Cause(l.ctx)
	}
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left+1)]) // one more, to tell "at" from "over"
	if int64(n) > l.left {
		n, err = int(l.left), ErrTooLarge
	}
	l.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		l.err = err
	}
	return n, err
}
