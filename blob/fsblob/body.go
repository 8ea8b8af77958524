package fsblob

import (
	"context"
	"io"
	"os"
)

// sendAtOnce is how much goes to a socket between two looks at the context.
const sendAtOnce = 8 << 20

// body reads one range of a blob's file.
type body struct {
	ctx   context.Context
	key   string
	file  *os.File
	start int64
	*io.SectionReader
}

var _ interface {
	io.ReadSeekCloser
	io.ReaderAt
	io.WriterTo
} = (*body)(nil)

func newBody(ctx context.Context, key string, f *os.File, offset, n int64) *body {
	return &body{ctx, key, f, offset, io.NewSectionReader(f, offset, n)}
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, fail("read", b.key, err)
	}
	n, err := b.SectionReader.Read(p)
	if err == io.EOF && b.rest() > 0 {
		err = corrupt("file was cut short")
	}
	return n, b.fail(err)
}

func (b *body) ReadAt(p []byte, offset int64) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, fail("read", b.key, err)
	}
	n, err := b.SectionReader.ReadAt(p, offset)
	return n, b.fail(err)
}

// WriteTo hands the file itself to w, cut to the range, so that a socket takes
// it by sendfile and another file by copy_file_range.
func (b *body) WriteTo(w io.Writer) (sent int64, err error) {
	from := b.Size() - b.rest()
	if _, err := b.file.Seek(b.start+from, io.SeekStart); err != nil {
		return 0, b.fail(err)
	}
	var buf []byte // only for a w that cannot read by itself
	if _, ok := w.(io.ReaderFrom); !ok {
		buf = make([]byte, chunkSize)
	}
	for rest := b.rest(); rest > 0 && err == nil; rest = b.rest() {
		if err = b.ctx.Err(); err != nil {
			break
		}
		part := min(rest, sendAtOnce)
		var n int64
		n, err = io.CopyBuffer(w, &io.LimitedReader{R: b.file, N: part}, buf)
		sent += n
		if _, seekErr := b.SectionReader.Seek(n, io.SeekCurrent); err == nil {
			err = seekErr
		}
		if err == nil && n < part {
			err = corrupt("file was cut short")
		}
	}
	return sent, b.fail(err)
}

func (b *body) Close() error { return b.fail(b.file.Close()) }

func (b *body) rest() int64 {
	at, _ := b.Seek(0, io.SeekCurrent)
	return b.Size() - at
}

func (b *body) fail(err error) error {
	if err == io.EOF {
		return err
	}
	return fail("read", b.key, err)
}
