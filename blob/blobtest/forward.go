package blobtest

import (
	"context"
	"iter"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// forward hands every call, optional ones too, to the store it wraps. A
// wrapper embeds it and overrides what it changes, so that nobody reaches
// around the wrapper through blob.As.
type forward struct{ blob.Store }

func (f forward) Unwrap() blob.Store { return f.Store }

func (f forward) Stat(ctx context.Context, key string) (blob.Info, error) {
	return blob.Stat(ctx, f.Store, key)
}

func (f forward) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	if l, ok := blob.As[blob.Lister](f.Store); ok {
		return l.List(ctx, prefix)
	}
	return func(yield func(blob.Info, error) bool) { yield(blob.Info{}, lacking("list", prefix)) }
}

func (f forward) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	if c, ok := blob.As[blob.Copier](f.Store); ok {
		return c.Copy(ctx, dst, src)
	}
	return blob.Info{}, lacking("copy", dst)
}

func (f forward) Reclaim(ctx context.Context, cutoff time.Time) (int, error) {
	if r, ok := blob.As[blob.Reclaimer](f.Store); ok {
		return r.Reclaim(ctx, cutoff)
	}
	return 0, lacking("reclaim", "")
}

func (f forward) SignURL(ctx context.Context, key string, opts *blob.SignURLOptions) (string, error) {
	if s, ok := blob.As[blob.URLSigner](f.Store); ok {
		return s.SignURL(ctx, key, opts)
	}
	return "", lacking("sign", key)
}

func lacking(op, key string) error {
	return &blob.Error{Op: op, Key: key, Err: blob.ErrUnsupported}
}
