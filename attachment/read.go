package attachment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

const (
	bufferSize = 512 << 10 // what of a stream is held before the store hears of it
	memorySize = 64 << 20  // the most that is decoded into memory when the data is there already
)

// content is what was read: hashed, judged, and either held in memory or
// written to a blob that nobody can see yet.
type content struct {
	size     int64
	sha256   string
	mimeType string
	memory   []byte      // the bytes, if they are here
	staged   blob.Writer // or the blob that has them
	release  func()
}

// discard drops what was not committed. It may be called at any time.
func (c *content) discard() {
	if c.staged != nil {
		_ = c.staged.Abort() // what it leaves, the store's Reclaimer takes
	}
	if c.release != nil {
		c.release()
		c.release = nil
	}
}

// read takes the data in once. What fits into a buffer, or lies in memory
// anyway, is judged and compared before the store hears of it; anything longer
// streams into a staged blob.
func (run *execution) read(ctx context.Context) (_ *content, err error) {
	ctx, span := run.step(ctx, "attachment.read")
	defer span.end(&err)
	data := run.in.Data
	if data == nil {
		data = bytes.NewReader(nil)
	}
	window, release := run.window(data)
	data = run.in.Encoding.decode(&contextReader{ctx, data})
	n, err := fill(data, window)
	c, whole := &content{release: release}, false
	defer func() { // also when a policy or a source panics
		if !whole {
			c.discard()
		}
	}()
	switch err {
	case nil:
		err = run.stage(ctx, c, window, data)
	case io.EOF:
		err = run.hold(ctx, c, window[:n])
	default:
		err = sourceError(err)
	}
	if err == nil && run.in.ContentHash != "" && run.in.ContentHash != c.sha256 {
		err = &Error{Code: CodeContentMismatch, Message: "the bytes do not have the SHA-256 that contentHash announces"}
	}
	if err != nil {
		return nil, err
	}
	whole = true
	return c, nil
}

// window returns the memory to read into first: a pooled buffer for streams,
// room for everything where everything is in memory already.
func (run *execution) window(data io.Reader) (window []byte, release func()) {
	if sized, ok := data.(interface{ Len() int }); ok {
		switch data.(type) {
		case *bytes.Reader, *bytes.Buffer, *strings.Reader:
			// One byte more than can come: only a full window means that more follows.
			if n := run.in.Encoding.decodedSize(int64(sized.Len())); n >= bufferSize && n < memorySize && n <= run.maxSize+3 {
				return make([]byte, n+1), nil
			}
		}
	}
	buffer := run.buffers.Get().(*[]byte)
	return *buffer, func() { run.buffers.Put(buffer) }
}

// hold takes content that is wholly in memory.
func (run *execution) hold(ctx context.Context, c *content, data []byte) error {
	c.size, c.memory = int64(len(data)), data
	if c.size > run.maxSize {
		return tooLarge(run.maxSize)
	}
	run.subject.Size = c.size
	head := data[:min(len(data), policy.HeadBytes)]
	decision, err := run.judge(ctx, run.policy.Head(run.subject, head, len(head) == len(data)), bytes.NewReader(data), c.size)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	c.sha256, c.mimeType = hex.EncodeToString(sum[:]), decision.Type.MIME
	return nil
}

// stage streams content into a blob, beginning with the bytes already read.
func (run *execution) stage(ctx context.Context, c *content, first []byte, rest io.Reader) error {
	decision := run.policy.Head(run.subject, first[:policy.HeadBytes], false)
	if err := decision.Err(); err != nil {
		return err
	}
	w, err := run.store.Create(ctx, run.key, &blob.WriteOptions{ContentType: decision.Type.MIME})
	if err != nil {
		return err
	}
	c.staged = w
	sink := newSink(w)
	defer sink.close()
	if decision.NeedContent {
		if err := sink.makeReadable(decision.EndsSuffice); err != nil {
			return err
		}
	}
	if c.size, err = run.copy(ctx, sink, first, rest); err != nil {
		return err
	}
	run.subject.Size = c.size
	if decision, err = run.judge(ctx, decision, sink.readable, c.size); err != nil {
		return err
	}
	c.sha256, c.mimeType = sink.digest(), decision.Type.MIME
	return nil
}

// copy moves the bytes, in pieces of one buffer, and keeps to the size limit.
func (run *execution) copy(ctx context.Context, w io.Writer, first []byte, rest io.Reader) (size int64, err error) {
	for piece := first; ; {
		if size += int64(len(piece)); size > run.maxSize {
			return size, tooLarge(run.maxSize)
		}
		if _, err := w.Write(piece); err != nil {
			return size, err
		}
		if err := ctx.Err(); err != nil {
			return size, err
		}
		n, err := fill(rest, first)
		switch {
		case err == io.EOF && n == 0:
			return size, nil
		case err != nil && err != io.EOF:
			return size, sourceError(err)
		}
		piece = first[:n]
	}
}

// fill reads until p is full. Unlike io.ReadFull it returns io.EOF at the end
// and only there: a source that was cut says io.ErrUnexpectedEOF, and must not
// be taken for one that is complete.
func fill(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	if n == len(p) {
		err = nil
	}
	return n, err
}

// judge asks the policy for its last word, showing it all bytes if it wants
// them.
func (run *execution) judge(ctx context.Context, head policy.Decision, at io.ReaderAt, size int64) (policy.Decision, error) {
	if err := head.Err(); err != nil || !head.NeedContent {
		return head, err
	}
	full, err := run.policy.Content(ctx, run.subject, at, size)
	if err != nil {
		return full, err
	}
	return full, full.Err()
}

// sourceError says whose fault it is that the data ended early.
func sourceError(err error) error {
	var own *Error
	switch {
	case errors.As(err, &own):
		return own // a Source knows best whether a retry helps
	case errors.Is(err, errEncoding):
		return &Error{Code: CodeInvalidParams, Message: errEncoding.Error(), Err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	default:
		return &Error{Code: CodeHandler, Message: "the attachment data could not be read", Retryable: true, Err: err}
	}
}

// contextReader stops reading when the work is cancelled.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
