package s3blob

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// tokenLen is the length of what rand.Text returns.
const tokenLen = 26

// writer gathers bytes into parts. As long as they fit into one, nothing has
// been sent; from the second on there is an upload.
type writer struct {
	s       *Store
	ctx     context.Context // values only: the Writer outlives Create
	key     string
	object  string
	opts    blob.WriteOptions
	token   string
	buffers *buffers

	digest *digest
	size   int64
	buf    []byte  // the part being filled
	upload *upload // nil while everything fits into buf

	finished bool
	err      error // the first failure of Write
}

var _ blob.Digester = (*writer)(nil)

// Create makes no request: whether key is taken shows at Commit.
func (s *Store) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	object, err := s.object("create", key)
	if err != nil {
		return nil, err
	}
	o, err := opts.Resolve()
	if err == nil {
		err = checkMetadata(o.Metadata)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, fail("create", key, err)
	}
	partSize := s.opts.partSize(o.Size)
	if partSize > maxPartSize {
		return nil, fail("create", key, fmt.Errorf("%w: %d bytes", blob.ErrTooLarge, o.Size))
	}
	w := &writer{
		s: s, ctx: context.WithoutCancel(ctx), key: key, object: object, opts: o,
		token: rand.Text(), buffers: s.buffers, digest: newDigest(),
	}
	if o.Hashed {
		w.digest = knownDigest(o.SHA256)
	}
	if partSize != s.buffers.size {
		w.buffers = newBuffers(partSize)
	}
	return w, nil
}

// Write blocks while all parts that may be in flight are.
func (w *writer) Write(p []byte) (int, error) {
	if w.finished {
		return 0, w.fail("write", blob.ErrFinished)
	}
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.fill(p)
	w.size += int64(n)
	if err != nil {
		w.err = w.fail("write", err)
	}
	return n, w.err
}

// fill copies p into parts and sends each one that is full as soon as another
// byte follows it.
func (w *writer) fill(p []byte) (n int, err error) {
	if w.opts.Size > 0 && int64(len(p)) > w.opts.Size-w.size {
		return 0, fmt.Errorf("%w: more than the %d bytes announced", blob.ErrMismatch, w.opts.Size)
	}
	for len(p) > n {
		if len(w.buf) == cap(w.buf) {
			if err := w.makeRoom(); err != nil {
				return n, err
			}
		}
		taken := copy(w.buf[len(w.buf):cap(w.buf)], p[n:])
		w.buf = w.buf[:len(w.buf)+taken]
		n += taken
	}
	return n, nil
}

func (w *writer) makeRoom() error {
	if int64(cap(w.buf)) < w.buffers.size {
		w.buf = w.buffers.grow(w.buf, min(w.opts.Size, w.buffers.size))
		return nil
	}
	if w.upload == nil {
		u, err := w.s.startUpload(w.ctx, w.object, w.describe(), w.s.opts.checksumAlgorithm())
		if err != nil {
			return err
		}
		u.buffers = w.buffers
		w.upload = u
	}
	full := w.buf
	w.buf = nil
	if err := w.upload.send(full, w.digest.add(full)); err != nil {
		return err
	}
	w.buf = w.buffers.get()
	return nil
}

// SHA256 implements blob.Digester.
func (w *writer) SHA256() string {
	if w.err != nil {
		return "" // the part that was refused is in no digest
	}
	sum := w.digest.of(w.size, w.buf)
	return hex.EncodeToString(sum[:])
}

// Commit publishes the blob.
func (w *writer) Commit(ctx context.Context) (blob.Info, error) {
	if w.finished {
		return blob.Info{}, w.fail("commit", blob.ErrFinished)
	}
	w.finished = true
	info, err := w.commit(ctx)
	if err != nil {
		if w.upload != nil {
			_ = w.upload.abort() // the failure is what counts; Reclaim sweeps
		}
		w.buf = nil // not to the pool: the transport may still read it
		return blob.Info{}, w.fail("commit", err)
	}
	w.release()
	return info, nil
}

func (w *writer) commit(ctx context.Context) (blob.Info, error) {
	if w.err != nil {
		return blob.Info{}, w.err
	}
	if err := ctx.Err(); err != nil {
		return blob.Info{}, err
	}
	sum := w.SHA256()
	if err := w.opts.Verify(w.size, sum); err != nil {
		return blob.Info{}, err
	}
	d := w.describe()
	d.sha256 = sum
	send := func(ctx context.Context) (time.Time, error) { return w.put(ctx, d) }
	if w.upload != nil {
		last := w.buf
		w.buf = nil
		if err := w.upload.finish(ctx, last); err != nil {
			return blob.Info{}, err
		}
		send = func(ctx context.Context) (time.Time, error) { return w.upload.complete(ctx, w.size) }
	}
	modTime, err := w.s.publish(ctx, w.object, w.token, send)
	if err != nil {
		return blob.Info{}, err
	}
	d.modTime = modTime
	return d.info(w.key), nil
}

// Abort drops what was written, and the upload if there is one.
func (w *writer) Abort() error {
	if w.finished {
		return nil
	}
	w.finished = true
	w.release()
	if w.upload == nil {
		return nil
	}
	return w.fail("abort", w.upload.abort())
}

// release gives back a buffer that no request reads any more.
func (w *writer) release() {
	w.buffers.put(w.buf)
	w.buf = nil
}

// describe says what is known of the blob before its bytes are.
func (w *writer) describe() description {
	return description{
		size: w.size, contentType: w.opts.ContentType, metadata: w.opts.Metadata,
		sha256: w.opts.SHA256, token: w.token,
	}
}

func (w *writer) fail(op string, err error) error { return fail(op, w.key, err) }
