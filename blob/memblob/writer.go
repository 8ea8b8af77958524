package memblob

import (
	"bytes"
	"context"
	"encoding/hex"
	"hash"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// writer is open as long as its store knows it, so that Reclaim can end it
// from outside.
type writer struct {
	store     *Store
	key       string
	announced blob.WriteOptions
	began     time.Time

	data   []byte
	sum    hash.Hash
	failed error // of an earlier Write
}

var _ interface {
	blob.Writer
	blob.Digester
	blob.Staged
} = (*writer)(nil)

func (w *writer) Write(p []byte) (int, error) {
	if w.failed == nil {
		w.failed = w.reserve(int64(len(p)))
	}
	if w.failed != nil {
		return 0, fail("write", w.key, w.failed)
	}
	w.data = append(w.data, p...)
	if !w.announced.Hashed {
		w.sum.Write(p)
	}
	return len(p), nil
}

func (w *writer) reserve(n int64) error {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	if !w.isOpen() {
		return blob.ErrFinished
	}
	return w.store.reserve(n)
}

func (w *writer) Commit(ctx context.Context) (blob.Info, error) {
	s := w.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if !w.isOpen() {
		return blob.Info{}, fail("commit", w.key, blob.ErrFinished)
	}
	delete(s.open, w)
	info, err := w.publish(ctx)
	if err != nil {
		s.used -= int64(len(w.data))
		return blob.Info{}, fail("commit", w.key, err)
	}
	return clone(info), nil
}

func (w *writer) publish(ctx context.Context) (blob.Info, error) {
	if w.failed != nil {
		return blob.Info{}, w.failed
	}
	if err := ctx.Err(); err != nil {
		return blob.Info{}, err
	}
	info := blob.Info{
		Key:         w.key,
		Size:        int64(len(w.data)),
		ContentType: w.announced.ContentType,
		SHA256:      w.SHA256(),
		ModTime:     w.store.now().UTC(),
		Metadata:    w.announced.Metadata,
	}
	if err := w.announced.Verify(info.Size, info.SHA256); err != nil {
		return blob.Info{}, err
	}
	if _, taken := w.store.blobs[w.key]; taken {
		return blob.Info{}, blob.ErrExists
	}
	w.store.blobs[w.key] = entry{info, w.data}
	return info, nil
}

func (w *writer) Abort() error {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.drop()
	return nil
}

// drop ends the writer if it is still open. The caller holds the store's mu.
func (w *writer) drop() {
	if w.isOpen() {
		delete(w.store.open, w)
		w.store.used -= int64(len(w.data))
	}
}

// isOpen needs the store's mu.
func (w *writer) isOpen() bool {
	_, open := w.store.open[w]
	return open
}

func (w *writer) SHA256() string {
	if w.announced.Hashed {
		return w.announced.SHA256
	}
	return hex.EncodeToString(w.sum.Sum(nil))
}

func (w *writer) ReadAt(p []byte, offset int64) (int, error) {
	w.store.mu.Lock()
	open := w.isOpen()
	w.store.mu.Unlock()
	if !open {
		return 0, fail("read", w.key, blob.ErrFinished)
	}
	return bytes.NewReader(w.data).ReadAt(p, offset)
}
