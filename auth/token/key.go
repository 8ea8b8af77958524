package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// An Algorithm signs tokens. There is no "none".
type Algorithm string

// The algorithms, by their names in RFC 7518 and RFC 8037.
const (
	HS256 Algorithm = "HS256" // HMAC with SHA-256, a secret of at least 32 bytes
	RS256 Algorithm = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256, 2048 to 8192 bits
	PS256 Algorithm = "PS256" // RSASSA-PSS with SHA-256, 2048 to 8192 bits
	ES256 Algorithm = "ES256" // ECDSA on P-256 with SHA-256
	EdDSA Algorithm = "EdDSA" // Ed25519
)

// method returns nil for a name that is not exactly one of the above.
func (a Algorithm) method() jwt.SigningMethod {
	switch a {
	case HS256:
		return jwt.SigningMethodHS256
	case RS256:
		return jwt.SigningMethodRS256
	case PS256:
		return jwt.SigningMethodPS256
	case ES256:
		return jwt.SigningMethodES256
	case EdDSA:
		return jwt.SigningMethodEdDSA
	default:
		return nil
	}
}

// A Key checks signatures of one algorithm and, where it holds the secret
// half, makes them. It is immutable, and never prints what it holds.
type Key struct {
	id     string
	alg    Algorithm
	method jwt.SigningMethod
	verify any
	sign   any // nil: can only verify
}

// MaxKeyIDBytes bounds the id of a key.
const MaxKeyIDBytes = 256

// NewSecret returns an HS256 key. A secret shorter than 32 bytes is refused
// (RFC 7518, section 3.2), and so is one that nobody drew at random: repeated
// characters, a placeholder out of a manual, a public key. id may be empty.
func NewSecret(id string, secret []byte) (*Key, error) {
	if err := checkSecret(secret); err != nil {
		return nil, err
	}
	secret = bytes.Clone(secret)
	return newKey(id, HS256, secret, secret)
}

// NewKey returns a key of any other algorithm, from a public key, which can
// verify, or a private key, which can also sign: *rsa.PublicKey or
// *rsa.PrivateKey for RS256 and PS256, *ecdsa.PublicKey or *ecdsa.PrivateKey
// for ES256, ed25519.PublicKey or ed25519.PrivateKey for EdDSA. Weak keys are
// refused with ErrKey. id may be empty.
func NewKey(id string, alg Algorithm, key any) (*Key, error) {
	var public, private any = key, nil
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k == nil || k.Validate() != nil {
			return nil, fmt.Errorf("%w: inconsistent RSA key", ErrKey)
		}
		public, private = &k.PublicKey, k
	case *ecdsa.PrivateKey:
		if k == nil {
			return nil, fmt.Errorf("%w: nil", ErrKey)
		}
		public, private = &k.PublicKey, k
	case ed25519.PrivateKey:
		if len(k) != ed25519.PrivateKeySize {
			return nil, fmt.Errorf("%w: Ed25519 private key of %d bytes", ErrKey, len(k))
		}
		public, private = k.Public(), k
	}
	if err := checkPublic(alg, public); err != nil {
		return nil, err
	}
	return newKey(id, alg, public, private)
}

func newKey(id string, alg Algorithm, verify, sign any) (*Key, error) {
	if len(id) > MaxKeyIDBytes {
		return nil, fmt.Errorf("%w: id of %d bytes, more than %d", ErrKey, len(id), MaxKeyIDBytes)
	}
	return &Key{id: id, alg: alg, method: alg.method(), verify: verify, sign: sign}, nil
}

// ID returns the key id, "" if it has none.
func (k *Key) ID() string { return k.id }

// Algorithm returns the only algorithm the key is used with.
func (k *Key) Algorithm() Algorithm { return k.alg }

// CanSign reports whether the key holds its secret half.
func (k *Key) CanSign() bool { return k.sign != nil }

// String names the key without showing it.
func (k *Key) String() string { return fmt.Sprintf("%s key %q", k.alg, k.id) }

// GoString is String, so that %#v shows no more.
func (k *Key) GoString() string { return k.String() }

// valid reports whether sig signs input. golang-jwt does the cryptography; it
// alone decides nothing, for alg has been compared before.
func (k *Key) valid(input string, sig []byte) bool {
	return k.method.Verify(input, sig, k.verify) == nil
}
