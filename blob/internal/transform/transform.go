// Package transform is what stores share that change bytes on their way into
// another store: the Writer that counts, hashes and checks the content while
// something else passes on what it becomes, and the errors of such stores.
package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// Steps is what differs from store to store.
type Steps struct {
	// Through takes the content and writes what it becomes to the Writer
	// inside.
	Through io.Writer

	// Finish writes what is still to come, once all content is known.
	Finish func(size int64, sha256 []byte) error

	// Describe takes out of the Info of the Writer inside what is not about
	// the content. The Writer sets size and digest itself.
	Describe func(blob.Info) blob.Info

	// Release is called once, after the last call of Through and Finish.
	Release func()
}

// Writer is a blob.Writer and blob.Digester over another. What its caller
// announced is compared with the content and not told to the Writer inside. It
// has no Unwrap.
type Writer struct {
	inner blob.Writer
	key   string
	opts  blob.WriteOptions
	steps Steps

	digest   hash.Hash
	size     int64
	finished bool
	err      error // the first failure of Write
}

var _ interface {
	blob.Writer
	blob.Digester
} = (*Writer)(nil)

// NewWriter returns a Writer that owns inner.
func NewWriter(inner blob.Writer, key string, opts blob.WriteOptions, steps Steps) *Writer {
	return &Writer{inner: inner, key: key, opts: opts, steps: steps, digest: sha256.New()}
}

// Write implements blob.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	if w.finished {
		return 0, Fail("write", w.key, blob.ErrFinished)
	}
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.steps.Through.Write(p)
	w.digest.Write(p[:n])
	w.size += int64(n)
	w.err = Fail("write", w.key, err)
	return n, w.err
}

// SHA256 implements blob.Digester, for the content.
func (w *Writer) SHA256() string { return hex.EncodeToString(w.digest.Sum(nil)) }

// Commit implements blob.Writer.
func (w *Writer) Commit(ctx context.Context) (blob.Info, error) {
	if w.finished {
		return blob.Info{}, Fail("commit", w.key, blob.ErrFinished)
	}
	w.finished = true
	err := w.complete()
	w.steps.Release()
	if err != nil {
		_ = w.inner.Abort() // the failure is what counts
		return blob.Info{}, Fail("commit", w.key, err)
	}
	stored, err := w.inner.Commit(ctx)
	if err != nil {
		return blob.Info{}, err
	}
	info := w.steps.Describe(stored)
	info.Size, info.SHA256 = w.size, w.SHA256()
	return info, nil
}

// complete checks the content and writes the last of what it becomes.
func (w *Writer) complete() error {
	if w.err != nil {
		return w.err
	}
	sum := w.digest.Sum(nil)
	if err := w.opts.Verify(w.size, hex.EncodeToString(sum)); err != nil {
		return err
	}
	return w.steps.Finish(w.size, sum)
}

// Abort implements blob.Writer.
func (w *Writer) Abort() error {
	if w.finished {
		return nil
	}
	w.finished = true
	w.steps.Release()
	return w.inner.Abort()
}

// Fail makes err a *blob.Error, unless the store inside has.
func Fail(op, key string, err error) error {
	var done *blob.Error
	if err == nil || errors.As(err, &done) {
		return err
	}
	return &blob.Error{Op: op, Key: key, Err: err}
}

// Corrupt is for errors that came through a decoder: those of the store inside
// are taken out again, and all others mean damage.
func Corrupt(err error) error {
	var inside *blob.Error
	if errors.As(err, &inside) {
		return inside
	}
	return fmt.Errorf("%w: %w", blob.ErrCorrupt, err)
}
