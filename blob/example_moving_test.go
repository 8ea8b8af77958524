package blob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// moving is one store while blobs move from an old one to a new one. New blobs
// go to the new one.
type moving struct{ to, from blob.Store }

func (m moving) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	return m.to.Create(ctx, key, opts)
}

func (m moving) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	r, err := m.to.Open(ctx, key, offset, length)
	if errors.Is(err, blob.ErrNotFound) {
		return m.from.Open(ctx, key, offset, length)
	}
	return r, err
}

// Delete begins with the old one, from which the mover copies.
func (m moving) Delete(ctx context.Context, key string) error {
	if err := m.from.Delete(ctx, key); err != nil {
		return err
	}
	return m.to.Delete(ctx, key)
}

// List yields a blob that is in both stores once.
func (m moving) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for info, err := range list(ctx, m.to, prefix) {
			if !yield(info, err) || err != nil {
				return
			}
		}
		for info, err := range list(ctx, m.from, prefix) {
			if err == nil {
				if _, moved := blob.Stat(ctx, m.to, info.Key); moved == nil {
					continue
				}
			}
			if !yield(info, err) || err != nil {
				return
			}
		}
	}
}

// Reclaim takes what uploads left in the new store; the old one gets no more.
func (m moving) Reclaim(ctx context.Context, cutoff time.Time) (int, error) {
	if r, ok := blob.As[blob.Reclaimer](m.to); ok {
		return r.Reclaim(ctx, cutoff)
	}
	return 0, blob.ErrUnsupported
}

func list(ctx context.Context, s blob.Store, prefix string) iter.Seq2[blob.Info, error] {
	if l, ok := blob.As[blob.Lister](s); ok {
		return l.List(ctx, prefix)
	}
	return func(yield func(blob.Info, error) bool) { yield(blob.Info{}, blob.ErrUnsupported) }
}

// move copies everything. It may be stopped and started at any time.
func (m moving) move(ctx context.Context) error {
	for info, err := range list(ctx, m.from, "") {
		if err != nil {
			return err
		}
		if err := m.copy(ctx, info.Key); err != nil && !errors.Is(err, blob.ErrExists) && !errors.Is(err, blob.ErrNotFound) {
			return err // not: copied before, deleted meanwhile
		}
	}
	return nil
}

func (m moving) copy(ctx context.Context, key string) error {
	r, err := m.from.Open(ctx, key, 0, -1)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := m.to.Create(ctx, key, &blob.WriteOptions{
		ContentType: r.Info.ContentType, Size: r.Info.Size, SHA256: r.Info.SHA256, Metadata: r.Info.Metadata,
	})
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	_, err = w.Commit(ctx)
	return err
}

// A store that is moved while it is used. The handler gets the moving store;
// when move has ended, it gets the new one.
func Example_moving() {
	ctx := context.Background()
	old, fresh := memblob.New(nil), memblob.New(nil)
	write(ctx, old, "a", "stored last year")

	store := moving{to: fresh, from: old}
	write(ctx, store, "b", "stored today")
	fmt.Println(read(ctx, store, "a"), "and", read(ctx, store, "b"))
	if err := store.move(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(read(ctx, fresh, "a"), "and", read(ctx, fresh, "b"))
	// Output:
	// stored last year and stored today
	// stored last year and stored today
}

func write(ctx context.Context, s blob.Store, key, text string) {
	w, err := s.Create(ctx, key, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Abort()
	_, _ = io.WriteString(w, text) // Commit fails if this did
	if _, err := w.Commit(ctx); err != nil {
		log.Fatal(err)
	}
}

func read(ctx context.Context, s blob.Store, key string) string {
	r, err := s.Open(ctx, key, 0, -1)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		log.Fatal(err)
	}
	return string(text)
}
