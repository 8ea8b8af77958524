package cryptblob

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// KeySize is the length of a key's secret, in bytes.
const KeySize = chacha20poly1305.KeySize

// MaxKeyIDBytes bounds the name of a key.
const MaxKeyIDBytes = 64

// ErrNoKey is what a KeyProvider answers to the name of a key it lacks.
var ErrNoKey = errors.New("cryptblob: no such key")

// Key is a key-encryption key. Its secret is never printed, not even as a part
// of something that is: fmt prints unexported fields too, past any method of
// theirs, but it does not look into a function.
type Key struct {
	id     string
	secret func() []byte
}

// NewKey names a secret of KeySize random bytes. id has 1 to 64 characters of
// [A-Za-z0-9._-] and is no secret: it is stored beside each blob.
func NewKey(id string, secret []byte) (Key, error) {
	if len(secret) != KeySize {
		return Key{}, fmt.Errorf("cryptblob: key %q has %d bytes, want %d", id, len(secret), KeySize)
	}
	if id == "" || len(id) > MaxKeyIDBytes || strings.ContainsFunc(id, func(r rune) bool { return !idRune(r) }) {
		return Key{}, fmt.Errorf("cryptblob: invalid key id %.80q", id)
	}
	own := slices.Clone(secret)
	return Key{id, func() []byte { return own }}, nil
}

func idRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._-", r)
}

// ID returns the key's name.
func (k Key) ID() string { return k.id }

// Format keeps the secret out of logs, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "key "+k.id) }

// KeyProvider hands out key-encryption keys. It reads from ctx on whose behalf,
// so that tenants can have keys of their own. Implementations are safe for
// concurrent use and do their own caching; an error of theirs that is worth a
// repetition is a *blob.Error with Temporary set.
type KeyProvider interface {
	// Current returns the key that new blobs are encrypted with.
	Current(ctx context.Context) (Key, error)

	// Lookup returns the key that was called id when it was current, or
	// ErrNoKey.
	Lookup(ctx context.Context, id string) (Key, error)
}

// Keyring is a KeyProvider with a fixed list of keys, the same for everybody.
type Keyring struct{ keys []Key }

// NewKeyring returns a ring whose first key encrypts and all of which decrypt.
func NewKeyring(keys ...Key) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, errors.New("cryptblob: a keyring needs a key")
	}
	seen := make(map[string]bool, len(keys))
	for _, key := range keys {
		if key.id == "" || seen[key.id] {
			return nil, fmt.Errorf("cryptblob: key %q is empty or there twice", key.id)
		}
		seen[key.id] = true
	}
	return &Keyring{slices.Clone(keys)}, nil
}

// Current implements KeyProvider.
func (r *Keyring) Current(context.Context) (Key, error) { return r.keys[0], nil }

// Lookup implements KeyProvider.
func (r *Keyring) Lookup(_ context.Context, id string) (Key, error) {
	for _, key := range r.keys {
		if key.id == id {
			return key, nil
		}
	}
	return Key{}, fmt.Errorf("%w: %q", ErrNoKey, id)
}

type derived struct {
	masters KeyProvider
	scope   func(context.Context) (string, error)
}

// Derive returns a KeyProvider that gives every scope keys of its own, derived
// from masters by HKDF-SHA256 (RFC 5869) under the same names. scope reads the
// scope from the context, a tenant's id for example; one that fails or answers
// "" makes the call fail. A blob of one scope does not open in another.
func Derive(masters KeyProvider, scope func(context.Context) (string, error)) (KeyProvider, error) {
	if masters == nil || scope == nil {
		return nil, errors.New("cryptblob: masters and scope are required")
	}
	return &derived{masters, scope}, nil
}

func (d *derived) Current(ctx context.Context) (Key, error) {
	master, err := d.masters.Current(ctx)
	if err != nil {
		return Key{}, err
	}
	return d.derive(ctx, master)
}

func (d *derived) Lookup(ctx context.Context, id string) (Key, error) {
	master, err := d.masters.Lookup(ctx, id)
	if err != nil {
		return Key{}, err
	}
	return d.derive(ctx, master)
}

func (d *derived) derive(ctx context.Context, master Key) (Key, error) {
	scope, err := d.scope(ctx)
	if err != nil {
		return Key{}, err
	}
	if scope == "" {
		return Key{}, errors.New("cryptblob: empty scope")
	}
	secret, err := hkdf.Key(sha256.New, master.secret(), nil, "cryptblob v1 scope "+scope, KeySize)
	if err != nil {
		return Key{}, err
	}
	return NewKey(master.id, secret)
}
