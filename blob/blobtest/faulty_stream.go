package blobtest

import (
	"context"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

type faultyWriter struct {
	blob.Writer
	faulty *Faulty
	key    string
	failed error // of a Write; what follows it may only be Abort
}

func (w *faultyWriter) Unwrap() blob.Writer { return w.Writer }

func (w *faultyWriter) Write(p []byte) (int, error) {
	if w.failed != nil {
		return 0, w.failed
	}
	fault, _ := w.faulty.strike(context.Background(), "write")
	if fault == nil {
		return w.Writer.Write(p)
	}
	if !fault.After {
		p = p[:min(fault.Short, len(p))]
	}
	n, err := w.Writer.Write(p)
	if err != nil {
		return n, err
	}
	w.failed = fault.error("write", w.key)
	return n, w.failed
}

// Commit is terminal even where it fails, so the Writer inside is aborted.
func (w *faultyWriter) Commit(ctx context.Context) (blob.Info, error) {
	if err := w.failed; err != nil {
		w.failed = nil
		return blob.Info{}, firstOf(w.Writer.Abort(), err)
	}
	finished := false
	info, err := disturb(ctx, w.faulty, "commit", w.key, func() (blob.Info, error) {
		finished = true
		return w.Writer.Commit(ctx)
	})
	if !finished {
		err = firstOf(w.Writer.Abort(), err)
	}
	return info, err
}

// Abort fails without After as a process does that dies before it: the write
// stays unfinished.
func (w *faultyWriter) Abort() error {
	_, err := disturb(context.Background(), w.faulty, "abort", w.key, func() (struct{}, error) { return struct{}{}, w.Writer.Abort() })
	return err
}

func firstOf(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// faultyBody hides what the body inside can do besides reading, so that every
// byte passes here.
type faultyBody struct {
	io.ReadCloser
	ctx    context.Context
	faulty *Faulty
	key    string
	ended  error
}

func (b *faultyBody) Read(p []byte) (int, error) {
	if b.ended != nil {
		return 0, b.ended
	}
	fault, err := b.faulty.strike(b.ctx, "read")
	if err != nil {
		return 0, &blob.Error{Op: "read", Key: b.key, Err: err}
	}
	if fault == nil {
		return b.ReadCloser.Read(p)
	}
	if !fault.After {
		p = p[:min(fault.Short, len(p))]
	}
	n, err := io.ReadFull(b.ReadCloser, p)
	if err != nil {
		return n, err
	}
	if b.ended = fault.error("read", b.key); fault.Cut {
		b.ended = io.EOF
	}
	return n, b.ended
}
