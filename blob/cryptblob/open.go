package cryptblob

import (
	"bufio"
	"context"
	"io"
	"net/http"

	"filippo.io/age"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/transform"
)

// Open implements blob.Store. The bytes of a chunk come out only after they
// have proved right, and the end of the blob only after it has proved to be
// the end.
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	open := s.openRange
	switch {
	case length == 0:
		open = s.openNothing
	case offset == 0 && length < 0:
		open = s.openWhole
	}
	r, err := open(ctx, key, offset, length)
	if err != nil {
		return nil, transform.Fail("open", key, err)
	}
	return r, nil
}

func (s *Store) openNothing(ctx context.Context, key string, offset, _ int64) (*blob.Reader, error) {
	sealed, err := s.inner.Open(ctx, key, 0, 0)
	if err != nil {
		return nil, err
	}
	defer sealed.Close()
	_, info, err := s.unlock(ctx, sealed.Info)
	if err != nil {
		return nil, err
	}
	if _, err := blob.CutRange(info.Size, offset, 0); err != nil {
		return nil, err
	}
	return blob.NewReader(info, http.NoBody), nil
}

func (s *Store) openWhole(ctx context.Context, key string, _, _ int64) (*blob.Reader, error) {
	sealed, err := s.inner.Open(ctx, key, 0, -1)
	if err != nil {
		return nil, err
	}
	l, info, err := s.unlock(ctx, sealed.Info)
	if err != nil {
		sealed.Close()
		return nil, err
	}
	plain, err := age.Decrypt(sealed, l)
	if err != nil {
		sealed.Close()
		return nil, transform.Corrupt(err)
	}
	return blob.NewReader(info, &body{key: key, plain: plain, sealed: sealed}), nil
}

// headSize is what is read to learn of a blob before a range of it is: more
// than age wants for the header.
const headSize = 8 << 10

func (s *Store) openRange(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	src := &source{ctx: ctx, inner: s.inner, key: key}
	info, err := src.readHead()
	if err != nil {
		return nil, err
	}
	l, plainInfo, err := s.unlock(ctx, info)
	if err != nil {
		return nil, err
	}
	n, err := blob.CutRange(plainInfo.Size, offset, length)
	if err != nil {
		return nil, err
	}
	plain, _, err := age.DecryptReaderAt(src, info.Size, l) // reads the last chunk: the size is right
	if err != nil {
		src.Close()
		return nil, transform.Corrupt(err)
	}
	src.until = min(info.Size, endOfChunk(offset+n))
	buffered := bufio.NewReaderSize(io.NewSectionReader(plain, offset, n), int(min(n, 4*chunkSize)))
	return blob.NewReader(plainInfo, &body{key: key, plain: buffered, sealed: src}), nil
}

// body reads plaintext and closes ciphertext.
type body struct {
	key    string
	plain  io.Reader
	sealed io.Closer
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.plain.Read(p)
	if err != nil && err != io.EOF {
		err = transform.Fail("read", b.key, transform.Corrupt(err))
	}
	return n, err
}

func (b *body) Close() error { return b.sealed.Close() }
