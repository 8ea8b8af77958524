package fsblob

import (
	"context"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// writer gathers bytes in chunks. The first chunk waits for Commit; when it
// overflows, the writer turns to a staged file and hashes beside it.
type writer struct {
	store     *Store
	key       string
	announced blob.WriteOptions

	lent   *[]byte // by the store, to begin with
	chunk  []byte  // not in the file yet
	stage  *stage  // nil as long as everything is in chunk
	hasher *hasher
	digest string // of everything, once it is known

	failed   error // of a Write
	finished bool
}

var _ interface {
	blob.Writer
	blob.Digester
	blob.Staged
} = (*writer)(nil)

func (w *writer) Write(p []byte) (int, error) {
	if w.finished {
		return 0, fail("write", w.key, blob.ErrFinished)
	}
	if w.lent == nil {
		w.lent = w.store.lend()
		w.chunk = *w.lent
	}
	wrote := 0
	for len(p) > 0 && w.failed == nil {
		if len(w.chunk) == chunkSize {
			w.failed = w.flush()
			continue
		}
		n := min(len(p), chunkSize-len(w.chunk))
		w.chunk = append(w.chunk, p[:n]...)
		p, wrote = p[n:], wrote+n
		if w.announced.Size > 0 && w.size() > w.announced.Size {
			w.failed = w.announced.Verify(w.size(), "") // no need to see the rest
		}
	}
	return wrote, fail("write", w.key, w.failed)
}

// flush moves a full chunk to the file while its hash is computed beside.
func (w *writer) flush() (err error) {
	if w.stage == nil {
		if w.stage, err = w.store.stage(); err != nil {
			return err
		}
	}
	full := w.chunk
	if w.announced.Hashed {
		_, err = w.stage.Write(full)
		w.chunk = full[:0]
		return err
	}
	if w.hasher == nil {
		w.hasher = newHasher()
	}
	w.hasher.add(full)
	_, err = w.stage.Write(full)
	w.chunk = w.hasher.buffer()
	return err
}

func (w *writer) size() int64 {
	size := int64(len(w.chunk))
	if w.stage != nil {
		size += w.stage.written
	}
	return size
}

func (w *writer) Commit(ctx context.Context) (blob.Info, error) {
	if w.finished {
		return blob.Info{}, fail("commit", w.key, blob.ErrFinished)
	}
	info, err := w.commit(ctx)
	if err != nil {
		_ = w.Abort() // what cannot be removed now, Reclaim removes
		return blob.Info{}, fail("commit", w.key, err)
	}
	w.finish()
	return info, nil
}

// finish ends the use of everything that is in memory.
func (w *writer) finish() {
	w.finished, w.chunk = true, nil
	if w.hasher != nil {
		w.hasher.stop()
	}
	if w.lent != nil {
		w.store.buffers.Put(w.lent)
		w.lent = nil
	}
}

func (w *writer) commit(ctx context.Context) (blob.Info, error) {
	if w.failed != nil {
		return blob.Info{}, w.failed
	}
	if err := ctx.Err(); err != nil {
		return blob.Info{}, err
	}
	info := blob.Info{
		Key:         w.key,
		Size:        w.size(),
		ContentType: w.announced.ContentType,
		SHA256:      w.finalDigest(),
		ModTime:     w.store.now().UTC(),
		Metadata:    w.announced.Metadata,
	}
	if err := w.announced.Verify(info.Size, info.SHA256); err != nil {
		return blob.Info{}, err
	}
	rest, err := appendTrailer(w.chunk, info)
	if err != nil {
		return blob.Info{}, err
	}
	if w.stage == nil {
		if w.stage, err = w.store.stage(); err != nil {
			return blob.Info{}, err
		}
	}
	if _, err := w.stage.Write(rest); err != nil {
		return blob.Info{}, err
	}
	return info, w.stage.publish(w.key)
}

func (w *writer) Abort() error {
	if w.finished {
		return nil
	}
	w.finish()
	if w.stage == nil {
		return nil
	}
	return fail("abort", w.key, w.stage.discard())
}

// SHA256 implements [blob.Digester].
func (w *writer) SHA256() string {
	switch {
	case w.digest != "":
		return w.digest
	case w.announced.Hashed:
		return w.announced.SHA256
	case w.hasher != nil:
		return w.hasher.digest(w.chunk)
	}
	return digestOf(w.chunk)
}

// finalDigest ends the hashing.
func (w *writer) finalDigest() string {
	w.digest = w.SHA256()
	if w.hasher != nil {
		w.hasher.stop()
	}
	return w.digest
}

// ReadAt implements [blob.Staged].
func (w *writer) ReadAt(p []byte, offset int64) (n int, err error) {
	if w.finished {
		return 0, fail("read", w.key, blob.ErrFinished)
	}
	if offset < 0 {
		return 0, fail("read", w.key, blob.ErrInvalidRange)
	}
	inFile := w.size() - int64(len(w.chunk))
	if offset < inFile {
		n, err = w.stage.file.ReadAt(p[:min(int64(len(p)), inFile-offset)], offset)
		if err != nil {
			return n, fail("read", w.key, err)
		}
	}
	if n == len(p) {
		return n, nil
	}
	if at := offset + int64(n) - inFile; at < int64(len(w.chunk)) {
		n += copy(p[n:], w.chunk[at:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
