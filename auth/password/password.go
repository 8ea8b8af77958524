// Package password hashes passwords with argon2id (RFC 9106) and compares
// secrets in constant time.
//
// A hash is a PHC string, "$argon2id$v=19$m=65536,t=3,p=4$salt$hash", and so
// carries its own parameters: they can be raised, and old hashes still verify.
// A hash from elsewhere can ask for any amount of memory; Verify has upper
// bounds for that. Hashing is expensive by design; a Hasher therefore runs only
// a few at a time, and a flood of logins waits instead of exhausting memory.
package password

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/crypto/argon2"
)

// Sentinels. Test with errors.Is.
var (
	ErrHash     = errors.New("password: not a usable argon2id hash")
	ErrPassword = errors.New("password: empty or too long")
	ErrConfig   = errors.New("password: parameters out of bounds")
)

// MaxBytes bounds a password.
const MaxBytes = 1024

// Options tunes a Hasher. The defaults are the second recommendation of RFC
// 9106, section 4.
type Options struct {
	// Memory of one hash, in KiB. Defaults to 65536, which is 64 MiB.
	Memory uint32

	// Passes over the memory. Defaults to 3.
	Passes uint32

	// Lanes is the degree of parallelism. Defaults to 4.
	Lanes uint8

	// MaxMemory, in KiB, is the most a hash given to Verify may ask for.
	// Defaults to four times Memory.
	MaxMemory uint32

	// Concurrency is how many hashes are computed at a time. Defaults to the
	// number of processors.
	Concurrency int
}

// Bounds that no hash may exceed, whatever the options.
const (
	maxPasses = 16
	maxLanes  = 16
	saltBytes = 16
	hashBytes = 32
)

// A Hasher hashes and verifies. It is safe for concurrent use.
type Hasher struct {
	params    params
	maxMemory uint32
	turns     chan struct{}
	decoy     phc
}

// NewHasher returns a Hasher.
func NewHasher(opts *Options) (*Hasher, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	h := &Hasher{params: params{memory: or(o.Memory, 64<<10), passes: or(o.Passes, 3), lanes: or(o.Lanes, 4)}}
	h.maxMemory = or(o.MaxMemory, 4*h.params.memory)
	if err := h.params.check(h.maxMemory); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	h.turns = make(chan struct{}, or(max(0, o.Concurrency), runtime.GOMAXPROCS(0)))
	h.decoy = phc{params: h.params, salt: make([]byte, saltBytes), hash: make([]byte, hashBytes)}
	return h, nil
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Hash returns the PHC string of a password of 1 to MaxBytes bytes. It waits
// for its turn, until ctx ends.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if password == "" || len(password) > MaxBytes {
		return "", ErrPassword
	}
	p := phc{params: h.params, salt: make([]byte, saltBytes)}
	_, _ = rand.Read(p.salt) // never fails
	var err error
	if p.hash, err = h.derive(ctx, password, p, hashBytes); err != nil {
		return "", err
	}
	return p.String(), nil
}

// Verify reports whether password is the one that was hashed. A wrong password
// is false without an error; ErrHash means that hash is malformed, of another
// kind, or asks for more than the bounds.
//
// An empty hash means that there is no such user: Verify then works as long as
// for a wrong password and returns false, so that a stranger cannot tell the
// two apart by time.
func (h *Hasher) Verify(ctx context.Context, password, hash string) (bool, error) {
	want := h.decoy
	if hash != "" {
		var err error
		if want, err = parsePHC(hash, h.maxMemory); err != nil {
			return false, err
		}
	}
	if len(password) > MaxBytes {
		return false, nil
	}
	got, err := h.derive(ctx, password, want, len(want.hash))
	if err != nil {
		return false, err
	}
	same := subtle.ConstantTimeCompare(got, want.hash) == 1
	return same && hash != "" && password != "", nil
}

// Outdated reports whether hash was made with other parameters than Hash uses
// now, so that the host can hash anew after the next login.
func (h *Hasher) Outdated(hash string) bool {
	p, err := parsePHC(hash, h.maxMemory)
	return err != nil || p.params != h.params
}

func (h *Hasher) derive(ctx context.Context, password string, p phc, length int) ([]byte, error) {
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.lanes, uint32(length)), nil
}

// EqualSecret reports whether two secrets are equal, in a time that tells
// nothing of either, not even the length. Empty ones are never equal: a secret
// that was not configured lets nobody in.
func EqualSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1 && a != "" && b != ""
}
