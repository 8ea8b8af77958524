package cryptblob

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/transform"
)

// Store encrypts what goes into the store inside and decrypts what comes out.
// It has no Unwrap: nobody reaches around it to the ciphertext.
type Store struct {
	inner blob.Store
	keys  KeyProvider
}

var (
	_ blob.Store     = (*Store)(nil)
	_ blob.Statter   = (*Store)(nil)
	_ blob.Lister    = (*Store)(nil)
	_ blob.URLSigner = (*Store)(nil)
	_ blob.Copier    = (*Store)(nil)
	_ blob.Reclaimer = (*Store)(nil)
)

// New returns a store over inner, in which everything must have been written
// through a Store like it: what was not is ErrCorrupt.
func New(inner blob.Store, keys KeyProvider) (*Store, error) {
	if inner == nil || keys == nil {
		return nil, errors.New("cryptblob: a store and keys are required")
	}
	return &Store{inner, keys}, nil
}

// Stat describes a blob. Info.SHA256 is "" unless WriteOptions announced it.
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	info, err := blob.Stat(ctx, s.inner, key)
	if err != nil {
		return blob.Info{}, err
	}
	_, plain, err := s.unlock(ctx, info)
	return plain, transform.Fail("stat", key, err)
}

// Delete removes a blob; it needs no key.
func (s *Store) Delete(ctx context.Context, key string) error { return s.inner.Delete(ctx, key) }

// List yields what the store inside yields, with the size of the plaintext and
// without what is stored sealed.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for info, err := range blob.List(ctx, s.inner, prefix) {
			if err == nil {
				info, err = plainInfo(info)
				err = transform.Fail("list", info.Key, err)
			}
			if !yield(info, err) || err != nil {
				return
			}
		}
	}
}

// Reclaim reclaims in the store inside.
func (s *Store) Reclaim(ctx context.Context, cutoff time.Time) (removed int, err error) {
	return blob.Reclaim(ctx, s.inner, cutoff)
}

// Copy is ErrUnsupported: a ciphertext is bound to its key.
func (s *Store) Copy(_ context.Context, dst, _ string) (blob.Info, error) {
	return blob.Info{}, blob.Unsupported("copy", dst)
}

// SignURL is ErrUnsupported: the backend would serve ciphertext.
func (s *Store) SignURL(_ context.Context, key string, _ *blob.SignURLOptions) (string, error) {
	return "", blob.Unsupported("sign", key)
}

// The store's own entries among a blob's metadata.
const (
	metaPrefix = "crypt-"
	metaKeyID  = metaPrefix + "key"
	metaDigest = metaPrefix + "sha256" // of the plaintext, sealed, if it was announced
)

// sealedMetadata is what to store beside a blob.
func sealedMetadata(l *lock, key Key, o blob.WriteOptions) (map[string]string, error) {
	m := map[string]string{metaKeyID: key.id}
	if o.SHA256 != "" {
		sum, err := hex.DecodeString(o.SHA256)
		if err != nil {
			return nil, err
		}
		m[metaDigest] = base64.StdEncoding.EncodeToString(l.seal(sum, digestPurpose))
	}
	for k := range o.Metadata {
		if strings.HasPrefix(k, metaPrefix) {
			return nil, fmt.Errorf("%w: metadata %q is the store's own", blob.ErrInvalidOptions, k)
		}
	}
	maps.Copy(m, o.Metadata)
	return m, nil
}

// unlock turns what the store inside says of a blob into its lock and what
// there is to say of the plaintext.
func (s *Store) unlock(ctx context.Context, info blob.Info) (*lock, blob.Info, error) {
	id := info.Metadata[metaKeyID]
	if id == "" {
		return nil, blob.Info{}, fmt.Errorf("%w: not written through cryptblob", blob.ErrCorrupt)
	}
	key, err := s.keys.Lookup(ctx, id)
	if err != nil {
		return nil, blob.Info{}, err
	}
	l, err := newLock(key, info.Key)
	if err != nil {
		return nil, blob.Info{}, err
	}
	plain, err := plainInfo(info)
	if err != nil {
		return nil, blob.Info{}, err
	}
	if text := info.Metadata[metaDigest]; text != "" {
		sealed, _ := base64.StdEncoding.DecodeString(text)
		sum, err := l.open(sealed, digestPurpose)
		if err != nil {
			return nil, blob.Info{}, fmt.Errorf("%w: digest %w", blob.ErrCorrupt, err)
		}
		plain.SHA256 = hex.EncodeToString(sum)
	}
	return l, plain, nil
}

// plainInfo is info with everything taken out that is about the ciphertext.
func plainInfo(info blob.Info) (blob.Info, error) {
	size, err := plainSize(info.Size)
	info = withoutOwn(info)
	info.Size, info.SHA256 = size, ""
	return info, err
}

func withoutOwn(info blob.Info) blob.Info {
	info.Metadata = maps.Clone(info.Metadata)
	maps.DeleteFunc(info.Metadata, func(k, _ string) bool { return strings.HasPrefix(k, metaPrefix) })
	return info
}
