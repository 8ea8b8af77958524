package zstdblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"github.com/klauspost/compress/zstd"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/transform"
)

// Open implements blob.Store. What is not compressed gets the Reader of the
// store inside.
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	stored, err := s.inner.Open(ctx, key, offset, length)
	if errors.Is(err, blob.ErrInvalidRange) && offset > 0 {
		stored, err = s.openBeyond(ctx, key, err)
	}
	if err != nil || !compressed(stored.Info) {
		return stored, err
	}
	r, err := s.decode(ctx, stored, offset, length)
	if err != nil {
		return nil, transform.Fail("open", key, err)
	}
	return r, nil
}

// openBeyond is for an offset past the end of what is stored, which may lie
// inside of what was compressed. It reads nothing.
func (s *Store) openBeyond(ctx context.Context, key string, invalid error) (*blob.Reader, error) {
	stored, err := s.inner.Open(ctx, key, 0, 0)
	if err != nil {
		return nil, err
	}
	if !compressed(stored.Info) {
		_ = stored.Close()
		return nil, invalid
	}
	return stored, nil
}

// decode returns a range of the content of a compressed blob. stored, which it
// takes over, was opened with the same range, and is of use if that is all.
func (s *Store) decode(ctx context.Context, stored *blob.Reader, offset, length int64) (*blob.Reader, error) {
	info, err := s.describe(ctx, stored.Info)
	if err != nil {
		_ = stored.Close()
		return nil, err
	}
	n, err := blob.CutRange(info.Size, offset, length)
	if err != nil || n == 0 {
		_ = stored.Close()
		return blob.NewReader(info, http.NoBody), err
	}
	if offset != 0 || length >= 0 {
		_ = stored.Close()
		if stored, err = s.inner.Open(ctx, info.Key, 0, -1); err != nil {
			return nil, err
		}
	}
	b := &body{s: s, key: info.Key, frames: stored, decoder: s.decoders.Get().(*zstd.Decoder), left: n, toEnd: offset+n == info.Size}
	if err := b.skip(offset); err != nil {
		_ = b.Close()
		return nil, err
	}
	return blob.NewReader(info, b), nil
}

// body decodes no more than was recorded, and notices where there is less.
type body struct {
	s       *Store
	key     string
	frames  io.ReadCloser
	decoder *zstd.Decoder // nil once closed
	left    int64
	toEnd   bool // nothing may follow what is left
}

func (b *body) skip(offset int64) error {
	if err := b.decoder.Reset(b.frames); err != nil {
		return transform.Corrupt(err)
	}
	if _, err := io.CopyN(io.Discard, b.decoder, offset); err != nil {
		return transform.Corrupt(err)
	}
	return nil
}

func (b *body) Read(p []byte) (int, error) {
	if b.decoder == nil {
		return 0, transform.Fail("read", b.key, fs.ErrClosed)
	}
	if b.left == 0 {
		return 0, b.end()
	}
	n, err := b.decoder.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err == io.EOF && b.left == 0 {
		err = nil // the next call says so, when it has looked
	}
	if err != nil {
		err = transform.Fail("read", b.key, transform.Corrupt(err))
	}
	return n, err
}

// end looks whether the content ends where it should; only then has the
// decoder compared the frame's checksum.
func (b *body) end() error {
	if !b.toEnd {
		return io.EOF
	}
	switch n, err := b.decoder.Read(make([]byte, 1)); {
	case n > 0:
		return transform.Fail("read", b.key, fmt.Errorf("%w: it goes on past its recorded size", blob.ErrCorrupt))
	case err == io.EOF:
		return io.EOF
	default:
		return transform.Fail("read", b.key, transform.Corrupt(err))
	}
}

func (b *body) Close() error {
	if b.decoder == nil {
		return nil
	}
	_ = b.decoder.Reset(nil)
	b.s.decoders.Put(b.decoder)
	b.decoder = nil
	return b.frames.Close()
}
