package memblob

import (
	"bytes"
	"context"
	"io"
	"io/fs"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// body reads one range. It ends with ctx or with Close, whichever comes first.
type body struct {
	ctx    context.Context
	key    string
	bytes  *bytes.Reader
	closed bool
}

var _ interface {
	io.ReadSeekCloser
	io.ReaderAt
	io.WriterTo
} = (*body)(nil)

func newBody(ctx context.Context, key string, data []byte) *body {
	return &body{ctx: ctx, key: key, bytes: bytes.NewReader(data)}
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.usable(); err != nil {
		return 0, err
	}
	return b.bytes.Read(p)
}

func (b *body) ReadAt(p []byte, offset int64) (int, error) {
	if err := b.usable(); err != nil {
		return 0, err
	}
	return b.bytes.ReadAt(p, offset)
}

func (b *body) WriteTo(w io.Writer) (int64, error) {
	if err := b.usable(); err != nil {
		return 0, err
	}
	return b.bytes.WriteTo(w)
}

func (b *body) Seek(offset int64, whence int) (int64, error) { return b.bytes.Seek(offset, whence) }

func (b *body) Close() error {
	b.closed = true
	return nil
}

func (b *body) usable() error {
	switch {
	case b.closed:
		return fail("read", b.key, fs.ErrClosed)
	case b.ctx.Err() != nil:
		return fail("read", b.key, b.ctx.Err())
	}
	return nil
}

// check is what every method asks first.
func check(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return blob.ValidateKey(key)
}
