package blobtest

import (
	"context"
	"iter"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// Bind returns a store that passes the context of every call through with
// before s sees it. It lets a store that takes a tenant from the context run
// the suite:
//
//	blobtest.Bind(store, func(ctx context.Context) context.Context { return tenant.NewContext(ctx, user) })
func Bind(s blob.Store, with func(context.Context) context.Context) blob.Store {
	return &bound{forward{s}, with}
}

type bound struct {
	forward
	with func(context.Context) context.Context
}

func (b *bound) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	w, err := b.Store.Create(b.with(ctx), key, opts)
	if err != nil {
		return nil, err
	}
	return &boundWriter{w, b.with}, nil
}

func (b *bound) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	return b.Store.Open(b.with(ctx), key, offset, length)
}

func (b *bound) Delete(ctx context.Context, key string) error {
	return b.Store.Delete(b.with(ctx), key)
}

func (b *bound) Stat(ctx context.Context, key string) (blob.Info, error) {
	return b.forward.Stat(b.with(ctx), key)
}

func (b *bound) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return b.forward.List(b.with(ctx), prefix)
}

func (b *bound) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	return b.forward.Copy(b.with(ctx), dst, src)
}

func (b *bound) Reclaim(ctx context.Context, cutoff time.Time) (int, error) {
	return b.forward.Reclaim(b.with(ctx), cutoff)
}

func (b *bound) SignURL(ctx context.Context, key string, opts *blob.SignURLOptions) (string, error) {
	return b.forward.SignURL(b.with(ctx), key, opts)
}

type boundWriter struct {
	blob.Writer
	with func(context.Context) context.Context
}

func (w *boundWriter) Unwrap() blob.Writer { return w.Writer }

func (w *boundWriter) Commit(ctx context.Context) (blob.Info, error) {
	return w.Writer.Commit(w.with(ctx))
}
