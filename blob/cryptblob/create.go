package cryptblob

import (
	"context"
	"fmt"

	"filippo.io/age"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/transform"
)

// Create implements blob.Store. What opts announces is of the plaintext and
// compared with that; the store inside is told the size of the ciphertext.
func (s *Store) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	w, err := s.create(ctx, key, opts)
	if err != nil {
		return nil, transform.Fail("create", key, err)
	}
	return w, nil
}

func (s *Store) create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	o, err := opts.Resolve()
	if err != nil {
		return nil, err
	}
	if err := blob.ValidateKey(key); err != nil {
		return nil, err
	}
	if o.Size > maxPlain {
		return nil, fmt.Errorf("%w: %d bytes", blob.ErrTooLarge, o.Size)
	}
	current, err := s.keys.Current(ctx)
	if err != nil {
		return nil, err
	}
	l, err := newLock(current, key)
	if err != nil {
		return nil, err
	}
	sealed := blob.WriteOptions{ContentType: o.ContentType}
	if sealed.Metadata, err = sealedMetadata(l, current, o); err != nil {
		return nil, err
	}
	if o.Size > 0 {
		sealed.Size = sealedSize(o.Size)
	}
	inner, err := s.inner.Create(ctx, key, &sealed)
	if err != nil {
		return nil, err
	}
	sealing, err := age.Encrypt(inner, l) // writes the header
	if err != nil {
		_ = inner.Abort()
		return nil, err
	}
	return transform.NewWriter(inner, key, o, transform.Steps{
		Through:  sealing,
		Finish:   func(int64, []byte) error { return sealing.Close() }, // seals the last chunk
		Describe: withoutOwn,
		Release:  func() {},
	}), nil
}
