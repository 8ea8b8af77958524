package clamd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// INSTREAM sends chunks of a 4-byte big-endian length and that many bytes; a
// chunk of length 0 ends the stream. See clamd(8).
const (
	chunkHeader = 4
	chunkSize   = 128 << 10

	// maxReply is far longer than any reply of clamd.
	maxReply = 4 << 10
)

// answer is what came back on the connection.
type answer struct {
	line  string // without its NUL
	early bool   // it came before the end mark was on its way
	err   error
}

// instream scans obj on c. It closes c unless the reply was a proper one.
//
// The reply is read at the same time as the object is written: a server that
// has had enough says why and hangs up while the client still writes, and
// that reply must be heard. And a reply that comes before the end of the
// object cannot be about the object.
func (s *Scanner) instream(ctx context.Context, c *conn, obj scan.Object) (res scan.Result, err error) {
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	body, err := obj.Open(ctx)
	if err != nil {
		return res, sourceError(ctx, err)
	}
	defer body.Close()
	defer c.bound(ctx)()

	var ended atomic.Bool
	answers := make(chan answer, 1)
	go func() {
		line, err := readReply(c)
		a := answer{line, !ended.Load(), err}
		if a.early {
			_ = c.SetWriteDeadline(longAgo) // no use in sending more
		}
		answers <- a
	}()
	id, sendErr := s.send(c, body, obj.Size, &ended)
	if errors.Is(sendErr, scan.ErrSource) {
		c.Close() // cut the stream without its end mark
		<-answers
		return res, sourceError(ctx, sendErr)
	}
	a := <-answers
	c.spent = c.spent || a.early || sendErr != nil
	return s.conclude(ctx, obj, id, a, sendErr)
}

// send writes the command, the object and the end mark. It raises ended just
// before the end mark, which nothing but the whole object precedes.
func (s *Scanner) send(c *conn, body io.Reader, size int64, ended *atomic.Bool) (id int, err error) {
	chunk := s.chunks.Get().(*[]byte)
	defer s.chunks.Put(chunk)
	buf := *chunk

	id, err = c.command("INSTREAM")
	if err != nil {
		return id, err
	}
	for left := size; left > 0; {
		n := int(min(left, chunkSize))
		if _, err := io.ReadFull(body, buf[chunkHeader:chunkHeader+n]); err != nil {
			return id, endOfSource(err, size)
		}
		binary.BigEndian.PutUint32(buf, uint32(n))
		if _, err := c.Write(buf[:chunkHeader+n]); err != nil {
			return id, err
		}
		left -= int64(n)
	}
	switch _, err := io.ReadFull(body, buf[:1]); err {
	case io.EOF:
	case nil:
		return id, fmt.Errorf("%w: more than the announced %d bytes", scan.ErrSource, size)
	default:
		return id, endOfSource(err, size)
	}
	ended.Store(true)
	_, err = c.Write(make([]byte, chunkHeader))
	return id, err
}

func endOfSource(err error, size int64) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: it ended before the announced %d bytes", scan.ErrSource, size)
	}
	return fmt.Errorf("%w: %w", scan.ErrSource, err)
}

// conclude turns the server's answer into a result. It is the one place that
// says Clean.
func (s *Scanner) conclude(ctx context.Context, obj scan.Object, id int, a answer, sendErr error) (scan.Result, error) {
	if a.err != nil {
		return scan.Result{}, connectionError(ctx, a.err, sendErr)
	}
	r, err := parseReply(a.line, id)
	if err != nil {
		return scan.Result{}, fail("reply", err, true)
	}
	res := scan.Result{Bytes: obj.Size, ScannedAt: time.Now().UTC()}
	switch {
	case r.kind == replyTooLarge:
		res.Verdict, res.Bytes = scan.Unscannable, 0
		res.Detail = "larger than the scanner takes (StreamMaxLength is below MaxStreamSize)"
	case r.kind == replyError:
		return scan.Result{}, fail("scan", errors.New(r.text), true)
	case a.early || sendErr != nil:
		early := fmt.Errorf("%w: %.80q before the end of the object", scan.ErrProtocol, a.line)
		return scan.Result{}, fail("reply", errors.Join(early, sendErr), true)
	case r.kind == replyFound:
		if res.Verdict, res.Threat = verdictOf(r.text), r.text; res.Verdict == scan.Unscannable {
			res.Detail = "the scanner could not look through it: " + r.text
		}
	default:
		res.Verdict = scan.Clean
	}
	return res, nil
}

// readReply reads up to the NUL that ends a reply. More after it is not a
// reply to the one command that was sent.
func readReply(r io.Reader) (string, error) {
	buf := make([]byte, 0, 512)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if end := bytes.IndexByte(buf, 0); end >= 0 {
			if end != len(buf)-1 {
				return "", fmt.Errorf("%w: %.80q after the reply", scan.ErrProtocol, buf[end+1:])
			}
			return string(buf[:end]), nil
		}
		switch {
		case err != nil:
			return "", fmt.Errorf("after %d bytes of a reply: %w", len(buf), err)
		case len(buf) >= maxReply:
			return "", fmt.Errorf("%w: a reply of more than %d bytes", scan.ErrProtocol, maxReply)
		}
	}
}

// connectionError classifies a connection that gave no reply. Once bytes of
// the object are out, a cut counts as an attempt (ErrProtocol): perhaps the
// object is what brings the server down.
func connectionError(ctx context.Context, readErr, sendErr error) error {
	err := readErr
	if sendErr != nil {
		err = fmt.Errorf("%w; writing: %w", readErr, sendErr)
	}
	switch {
	case ctx.Err() != nil:
		return fail("scan", fmt.Errorf("%w: %w: %w", scan.ErrUnavailable, ctx.Err(), err), true)
	case errors.Is(readErr, os.ErrDeadlineExceeded):
		return fail("scan", fmt.Errorf("%w: %w: %w", scan.ErrUnavailable, context.DeadlineExceeded, err), true)
	default:
		return fail("scan", fmt.Errorf("%w: %w", scan.ErrProtocol, err), true)
	}
}

func sourceError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err)
	}
	return fail("read object", fmt.Errorf("%w: %w", scan.ErrSource, err), true)
}
