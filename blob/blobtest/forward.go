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
	return blob.List(ctx, f.Store, prefix)
}

func (f forward) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	return blob.Copy(ctx, f.Store, dst, src)
}

func (f forward) Reclaim(ctx context.Context, cutoff time.Time) (int, error) {
	return blob.Reclaim(ctx, f.Store, cutoff)
}

func (f forward) SignURL(ctx context.Context, key string, opts *blob.SignURLOptions) (string, error) {
	if s, ok := blob.As[blob.URLSigner](f.Store); ok {
		return s.SignURL(ctx, key, opts)
	}
	return "", blob.Unsupported("sign", key)
}
