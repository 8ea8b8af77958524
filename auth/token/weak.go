package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"strings"
)

// MinSecretBytes is the least length of an HS256 secret.
const MinSecretBytes = 32

// checkSecret refuses what a person typed and what a manual printed. It cannot
// measure entropy; it catches the mistakes that end up in production.
func checkSecret(secret []byte) error {
	if len(secret) < MinSecretBytes {
		return fmt.Errorf("%w: secret of %d bytes, want at least %d", ErrKey, len(secret), MinSecretBytes)
	}
	if bytes.Contains(secret, []byte("-----BEGIN")) || bytes.HasPrefix(secret, []byte("ssh-")) {
		// Everybody knows a public key; as a secret it lets anybody sign.
		return fmt.Errorf("%w: a PEM or SSH key is not an HMAC secret", ErrKey)
	}
	if period := shortestPeriod(secret); period < MinSecretBytes/2 {
		return fmt.Errorf("%w: secret repeats every %d bytes", ErrKey, period)
	}
	var seen [256]bool
	distinct := 0
	for _, b := range secret {
		if !seen[b] {
			seen[b] = true
			distinct++
		}
	}
	if distinct < 8 {
		return fmt.Errorf("%w: secret of only %d different bytes", ErrKey, distinct)
	}
	lower := strings.ToLower(string(secret))
	for _, word := range []string{"change", "secret", "password", "default", "example", "your-", "your_", "placeholder", "abcdefgh", "12345678"} {
		if strings.Contains(lower, word) {
			return fmt.Errorf("%w: secret looks like a placeholder", ErrKey)
		}
	}
	return nil
}

// shortestPeriod returns the least p such that b repeats every p bytes.
func shortestPeriod(b []byte) int {
	for p := 1; p < len(b); p++ {
		if bytes.Equal(b[p:], b[:len(b)-p]) {
			return p
		}
	}
	return len(b)
}

// checkPublic refuses a key of another kind than alg needs, and one that is
// weak. The upper bound on RSA keeps a hostile key set from costing seconds.
func checkPublic(alg Algorithm, public any) error {
	switch pub := public.(type) {
	case *rsa.PublicKey:
		if alg != RS256 && alg != PS256 || pub == nil || pub.N == nil {
			break
		}
		if bits := pub.N.BitLen(); bits < 2048 || bits > 8192 {
			return fmt.Errorf("%w: RSA key of %d bits, want 2048 to 8192", ErrKey, bits)
		}
		// FIPS 186-5: an odd exponent greater than 2^16.
		if pub.E <= 1<<16 || pub.E%2 == 0 || pub.N.Bit(0) == 0 {
			return fmt.Errorf("%w: RSA modulus or exponent", ErrKey)
		}
		return nil
	case *ecdsa.PublicKey:
		//nolint:staticcheck // read only to tell a half-made key, on which ECDH panics
		if alg != ES256 || pub == nil || pub.Curve != elliptic.P256() || pub.X == nil || pub.Y == nil {
			break
		}
		if _, err := pub.ECDH(); err != nil {
			return fmt.Errorf("%w: point not on P-256", ErrKey)
		}
		return nil
	case ed25519.PublicKey:
		if alg != EdDSA {
			break
		}
		return checkEd25519(pub)
	}
	return fmt.Errorf("%w: %T does not fit %q", ErrKey, public, string(alg))
}

// checkEd25519 refuses the points of small order: under such a key a signature
// made without any private key is valid for one message in eight, or for all.
// They are the y coordinates 1, -1, 0 and the two of order eight, in their
// canonical form and, for 0 and 1, with the prime added.
func checkEd25519(pub ed25519.PublicKey) error {
	if len(pub) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: Ed25519 public key of %d bytes", ErrKey, len(pub))
	}
	y := bytes.Clone(pub)
	y[31] &= 0x7f // the sign of x
	switch hex.EncodeToString(y) {
	case "0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f":
		return fmt.Errorf("%w: Ed25519 public key of small order", ErrKey)
	}
	return nil
}
