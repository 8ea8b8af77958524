package zstdblob

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/transform"
)

// Options shapes a Store.
type Options struct {
	// Level trades time for size. Defaults to zstd.SpeedDefault.
	Level zstd.EncoderLevel

	// Compressible decides by content type. Defaults to the function of that
	// name.
	Compressible func(contentType string) bool
}

// Store compresses what goes into the store inside and decompresses what comes
// out. It has no Unwrap: nobody reaches around it to the compressed bytes.
type Store struct {
	inner        blob.Store
	compressible func(string) bool
	encoders     sync.Pool // of *zstd.Encoder
	decoders     sync.Pool // of *zstd.Decoder
}

var (
	_ blob.Store     = (*Store)(nil)
	_ blob.Statter   = (*Store)(nil)
	_ blob.Lister    = (*Store)(nil)
	_ blob.URLSigner = (*Store)(nil)
	_ blob.Copier    = (*Store)(nil)
	_ blob.Reclaimer = (*Store)(nil)
)

// window bounds how far back a match may lie, and with it the memory of both
// sides.
const window = 1 << 20

// New returns a store over inner, which may hold blobs that were written
// without it. opts may be nil.
func New(inner blob.Store, opts *Options) (*Store, error) {
	if inner == nil {
		return nil, errors.New("zstdblob: a store is required")
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Level == 0 {
		o.Level = zstd.SpeedDefault
	}
	if o.Compressible == nil {
		o.Compressible = Compressible
	}
	s := &Store{inner: inner, compressible: o.Compressible}
	// With a concurrency of 1 neither side starts a goroutine.
	newEncoder := func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(o.Level), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window))
	}
	first, err := newEncoder()
	if err != nil {
		return nil, fmt.Errorf("zstdblob: %w", err)
	}
	s.encoders.Put(first)
	s.encoders.New = func() any {
		e, _ := newEncoder() // it worked the first time
		return e
	}
	s.decoders.New = func() any {
		d, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
		return d
	}
	return s, nil
}

// Stat describes a blob as it was before compression.
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	stored, err := blob.Stat(ctx, s.inner, key)
	if err != nil {
		return blob.Info{}, err
	}
	info, err := s.describe(ctx, stored)
	return info, transform.Fail("stat", key, err)
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, key string) error { return s.inner.Delete(ctx, key) }

// List yields what the store inside yields, with the sizes before compression.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for info, err := range blob.List(ctx, s.inner, prefix) {
			if err == nil {
				info, err = s.describeListed(ctx, info)
				if errors.Is(err, blob.ErrNotFound) {
					continue // deleted since it was listed
				}
			}
			if !yield(info, transform.Fail("list", prefix, err)) || err != nil {
				return
			}
		}
	}
}

// describeListed asks for what a bare listing leaves out.
func (s *Store) describeListed(ctx context.Context, listed blob.Info) (blob.Info, error) {
	if listed.ContentType != "" {
		return s.describe(ctx, listed)
	}
	return s.Stat(ctx, listed.Key)
}

// Copy lets the store inside copy the compressed bytes.
func (s *Store) Copy(ctx context.Context, dst, src string) (blob.Info, error) {
	stored, err := blob.Copy(ctx, s.inner, dst, src)
	if err != nil {
		return blob.Info{}, err
	}
	info, err := s.describe(ctx, stored)
	return info, transform.Fail("copy", dst, err)
}

// Reclaim reclaims in the store inside.
func (s *Store) Reclaim(ctx context.Context, cutoff time.Time) (removed int, err error) {
	return blob.Reclaim(ctx, s.inner, cutoff)
}

// SignURL is ErrUnsupported: the backend would serve compressed bytes.
func (s *Store) SignURL(_ context.Context, key string, _ *blob.SignURLOptions) (string, error) {
	return "", blob.Unsupported("sign", key)
}

// The store's own entries among a blob's metadata.
const (
	metaPrefix  = "zstd-"
	metaSize    = metaPrefix + "size" // decimal, or unknownSize; marks a compressed blob
	metaDigest  = metaPrefix + "sha256"
	unknownSize = "unknown"
)

func refuseOwnMetadata(metadata map[string]string) error {
	for k := range metadata {
		if strings.HasPrefix(k, metaPrefix) {
			return fmt.Errorf("%w: metadata %q is the store's own", blob.ErrInvalidOptions, k)
		}
	}
	return nil
}
