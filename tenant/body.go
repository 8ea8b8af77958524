package tenant

import (
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// body is what the store inside opened, except that errors name the key as the
// caller knows it.
type body struct {
	inner io.ReadCloser
	call  *call
}

// seekableBody is for a file or a buffer, which can do both or neither.
type seekableBody struct {
	body
	at interface {
		io.ReaderAt
		io.Seeker
	}
}

func newBody(c *call, inner io.ReadCloser) io.ReadCloser {
	read := *c
	read.event.Op = "read"
	b := body{inner, &read}
	if at, ok := inner.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		return seekableBody{b, at}
	}
	return b
}

func (b body) Read(p []byte) (int, error) {
	n, err := b.inner.Read(p)
	return n, b.explain(err)
}

// WriteTo lets the inner body and w find their cheapest way (sendfile).
func (b body) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(w, b.inner)
	return n, b.explain(err)
}

func (b body) Close() error { return b.explain(b.inner.Close()) }

func (b seekableBody) ReadAt(p []byte, offset int64) (int, error) {
	n, err := b.at.ReadAt(p, offset)
	return n, b.explain(err)
}

func (b seekableBody) Seek(offset int64, whence int) (int64, error) {
	n, err := b.at.Seek(offset, whence)
	return n, b.explain(err)
}

// explain leaves io.EOF and the errors of another writer as they are.
func (b body) explain(err error) error {
	if _, ok := err.(*blob.Error); ok {
		return b.call.explain(err)
	}
	return err
}
