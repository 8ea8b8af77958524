package tenant

import (
	"context"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// writer meters one upload and ends it in the name of its tenant.
type writer struct {
	inner   blob.Writer
	create  *call // whose tenant and key these are
	charge  *charge
	written int64
	failed  error // of an earlier Write, so that a cut blob is never published
	ended   bool
}

// newWriter keeps the abilities that inner has, and adds none.
func newWriter(create *call, inner blob.Writer, ch *charge) blob.Writer {
	// The writer outlives ctx, but not what ctx carries.
	outliving := *create
	outliving.ctx = context.WithoutCancel(create.ctx)
	w := &writer{inner: inner, create: &outliving, charge: ch}
	digester, digests := blob.AsWriter[blob.Digester](inner)
	at, isStaged := blob.AsWriter[blob.Staged](inner)
	switch {
	case digests && isStaged:
		return struct {
			*writer
			blob.Digester
			staged
		}{w, digester, staged{at, w}}
	case digests:
		return struct {
			*writer
			blob.Digester
		}{w, digester}
	case isStaged:
		return struct {
			*writer
			staged
		}{w, staged{at, w}}
	default:
		return w
	}
}

// Write refuses all of p if there is no room for all of it.
func (w *writer) Write(p []byte) (int, error) {
	if w.ended {
		return 0, w.explain("write", blob.ErrFinished)
	}
	if w.failed == nil {
		w.failed = w.charge.cover(w.written + int64(len(p)))
	}
	if w.failed != nil {
		return 0, w.explain("write", w.failed)
	}
	n, err := w.inner.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	w.written += int64(n)
	w.failed = err
	return n, w.explain("write", err)
}

// Commit also fails, and stores nothing, if ctx is another tenant's or the
// user may no longer write.
func (w *writer) Commit(ctx context.Context) (blob.Info, error) {
	c, scoped, err := w.create.store.begin(ctx, "commit", Write, w.create.event.Key)
	if w.ended {
		return blob.Info{}, c.end(blob.ErrFinished)
	}
	w.ended = true
	if err == nil && c.tenantID() != w.create.tenantID() {
		err = ErrForbidden
	}
	if err == nil {
		err = w.failed
	}
	var unlock func()
	if err == nil {
		unlock, err = w.charge.lock(ctx)
	}
	if err != nil {
		_, _ = w.inner.Abort(), w.charge.release() // err says more
		return blob.Info{}, c.end(err)
	}
	defer unlock()
	info, err := w.inner.Commit(ctx)
	w.charge.settle(info.Size, err)
	if err == nil {
		err = c.adopt(&info, scoped)
	}
	if err != nil {
		return blob.Info{}, c.end(err)
	}
	c.event.Bytes = info.Size
	return info, c.end(nil)
}

func (w *writer) Abort() error {
	if w.ended {
		return nil
	}
	w.ended = true
	aborted, released := w.inner.Abort(), w.charge.release()
	if aborted == nil {
		aborted = released
	}
	return w.call("abort").end(aborted)
}

func (w *writer) explain(op string, err error) error {
	if err == nil {
		return nil
	}
	return w.call(op).explain(err)
}

// call makes one without a context of its own: it speaks for who created w.
func (w *writer) call(op string) *call {
	c := *w.create
	c.event.Op = op
	return &c
}

// staged reads back what was written.
type staged struct {
	at blob.Staged
	w  *writer
}

func (s staged) ReadAt(p []byte, offset int64) (int, error) {
	n, err := s.at.ReadAt(p, offset)
	if _, ok := err.(*blob.Error); ok { // and not io.EOF
		err = s.w.explain("read", err)
	}
	return n, err
}
