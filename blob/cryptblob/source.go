package cryptblob

import (
	"context"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// source makes an io.ReaderAt of a stored blob, for one reader that mostly goes
// forward: a read where the last one ended continues the same stream.
type source struct {
	ctx   context.Context
	inner blob.Store
	key   string
	head  []byte // the first headSize bytes
	until int64  // how far a stream should reach; before it is known, as far as it must

	stream *blob.Reader // nil if none is open
	at     int64        // where stream stands
}

func (s *source) readHead() (blob.Info, error) {
	r, err := s.inner.Open(s.ctx, s.key, 0, headSize)
	if err != nil {
		return blob.Info{}, err
	}
	defer r.Close()
	s.head, err = io.ReadAll(r)
	return r.Info, err
}

// ReadAt implements io.ReaderAt, but not for parallel calls.
func (s *source) ReadAt(p []byte, offset int64) (n int, err error) {
	if offset < int64(len(s.head)) {
		n = copy(p, s.head[offset:])
	}
	if n == len(p) {
		return n, nil
	}
	if err := s.seek(offset+int64(n), int64(len(p)-n)); err != nil {
		return n, err
	}
	read, err := io.ReadFull(s.stream, p[n:])
	s.at += int64(read)
	return n + read, err
}

// seek has stream stand at offset, with at least length bytes to come.
func (s *source) seek(offset, length int64) (err error) {
	if s.stream != nil && s.at == offset {
		return nil
	}
	if err := s.Close(); err != nil {
		return err
	}
	s.stream, err = s.inner.Open(s.ctx, s.key, offset, max(length, s.until-offset))
	s.at = offset
	return err
}

// Close closes the stream that is open, if one is.
func (s *source) Close() error {
	if s.stream == nil {
		return nil
	}
	stream := s.stream
	s.stream = nil
	return stream.Close()
}
