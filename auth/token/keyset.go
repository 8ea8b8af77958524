package token

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
)

// Keys is where a Verifier looks for keys: a [KeySet], a [RemoteKeys], or a
// host's own. Implementations are safe for concurrent use.
type Keys interface {
	// Lookup returns the keys pinned to alg that have the id kid; all keys of
	// alg if kid is "", for some issuers name none. It fails with
	// ErrUnknownKey if there are none, and with ErrUnavailable if it cannot
	// tell. kid comes from the token and proves nothing.
	Lookup(ctx context.Context, alg Algorithm, kid string) ([]*Key, error)
}

// MaxKeys bounds a set. A token without kid may be tried against all of them.
const MaxKeys = 32

// A KeySet is an ordered list of keys in memory: the first one that can signs,
// all verify.
//
// To rotate without refusing anybody: Replace(old, new) on every host, then
// Replace(new, old), and once the last token of old has expired Replace(new).
type KeySet struct {
	current atomic.Pointer[keyIndex]
}

// keyIndex is one state of the set, never changed once it is published.
type keyIndex struct {
	keys  []*Key
	byAlg map[Algorithm][]*Key
	byRef map[keyRef][]*Key
}

type keyRef struct {
	alg Algorithm
	kid string
}

// NewKeySet returns a set of 1 to 32 keys. Two keys of one algorithm may not
// share an id.
func NewKeySet(keys ...*Key) (*KeySet, error) {
	s := &KeySet{}
	if err := s.Replace(keys...); err != nil {
		return nil, err
	}
	return s, nil
}

// Replace swaps the keys in one step. After an error the set is as before.
func (s *KeySet) Replace(keys ...*Key) error {
	index, err := newKeyIndex(keys)
	if err != nil {
		return err
	}
	s.current.Store(index)
	return nil
}

// Lookup implements Keys. It never fails with ErrUnavailable.
func (s *KeySet) Lookup(_ context.Context, alg Algorithm, kid string) ([]*Key, error) {
	return s.current.Load().lookup(alg, kid)
}

// signer returns the first key that can sign.
func (s *KeySet) signer() (*Key, error) {
	keys := s.current.Load().keys
	if i := slices.IndexFunc(keys, (*Key).CanSign); i >= 0 {
		return keys[i], nil
	}
	return nil, fmt.Errorf("%w: none of the set can sign", ErrKey)
}

func newKeyIndex(keys []*Key) (*keyIndex, error) {
	if len(keys) == 0 || len(keys) > MaxKeys {
		return nil, fmt.Errorf("%w: a set of %d keys, want 1 to %d", ErrKey, len(keys), MaxKeys)
	}
	index := &keyIndex{keys: slices.Clone(keys), byAlg: map[Algorithm][]*Key{}, byRef: map[keyRef][]*Key{}}
	for _, key := range keys {
		if key == nil {
			return nil, fmt.Errorf("%w: nil", ErrKey)
		}
		index.byAlg[key.alg] = append(index.byAlg[key.alg], key)
		if key.id == "" {
			continue
		}
		ref := keyRef{key.alg, key.id}
		if index.byRef[ref] != nil {
			return nil, fmt.Errorf("%w: two of %s", ErrKey, key)
		}
		index.byRef[ref] = []*Key{key}
	}
	return index, nil
}

func (index *keyIndex) lookup(alg Algorithm, kid string) ([]*Key, error) {
	found := index.byRef[keyRef{alg, kid}]
	if kid == "" {
		found = index.byAlg[alg]
	}
	if len(found) == 0 {
		return nil, ErrUnknownKey
	}
	return found, nil
}
