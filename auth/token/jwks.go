package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
)

// jwk is one public key of a JWKS (RFC 7517). The members of private keys are
// not among its fields: they are never read.
type jwk struct {
	Type       string   `json:"kty"`
	ID         string   `json:"kid,omitempty"`
	Algorithm  string   `json:"alg,omitempty"`
	Use        string   `json:"use,omitempty"`
	Operations []string `json:"key_ops,omitempty"`
	Curve      string   `json:"crv,omitempty"`
	N          string   `json:"n,omitempty"`
	E          string   `json:"e,omitempty"`
	X          string   `json:"x,omitempty"`
	Y          string   `json:"y,omitempty"`
}

type jwks struct {
	Keys []jwk `json:"keys"`
}

// ParseJWKS reads the public keys of a JWK set. What cannot be used is passed
// over, as RFC 7517, section 5 asks: encryption keys, other algorithms, broken
// and weak keys, and symmetric ones, for a published secret is none. A set that
// leaves nothing to use is ErrKey.
//
// A key without "alg" is pinned by its type: RSA to RS256, P-256 to ES256,
// Ed25519 to EdDSA.
func ParseJWKS(document []byte) (*KeySet, error) {
	var doc jwks
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, fmt.Errorf("%w: not a JWKS: %w", ErrKey, err)
	}
	var keys []*Key
	for _, entry := range doc.Keys {
		alg := entry.pin()
		if alg == "" {
			continue
		}
		public, err := entry.public()
		if err != nil {
			continue
		}
		key, err := NewKey(entry.ID, alg, public)
		if err != nil {
			continue
		}
		keys = append(keys, key)
	}
	return NewKeySet(keys...)
}

// pin returns the algorithm the entry is for, "" if it is none of ours.
func (e jwk) pin() Algorithm {
	if e.Use != "" && e.Use != "sig" || len(e.Operations) > 0 && !slices.Contains(e.Operations, "verify") {
		return ""
	}
	byType := map[string][]Algorithm{"RSA": {RS256, PS256}, "EC P-256": {ES256}, "OKP Ed25519": {EdDSA}}
	name := e.Type
	if e.Curve != "" {
		name += " " + e.Curve
	}
	fitting := byType[name]
	switch {
	case len(fitting) == 0:
		return ""
	case e.Algorithm == "":
		return fitting[0]
	case slices.Contains(fitting, Algorithm(e.Algorithm)):
		return Algorithm(e.Algorithm)
	default:
		return ""
	}
}

func (e jwk) public() (any, error) {
	var field [4][]byte
	for i, text := range []string{e.N, e.E, e.X, e.Y} {
		var err error
		if field[i], err = base64.RawURLEncoding.DecodeString(text); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKey, err)
		}
	}
	n, exponent, x, y := field[0], field[1], field[2], field[3]
	switch e.Type {
	case "RSA":
		if len(exponent) > 4 {
			return nil, fmt.Errorf("%w: RSA exponent of %d bytes", ErrKey, len(exponent))
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(exponent).Uint64())}, nil
	case "EC":
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	default:
		return ed25519.PublicKey(x), nil
	}
}

// PublicJWKS returns the public halves as a JWK set, for a host that publishes
// them. Secrets have none and are left out.
func (s *KeySet) PublicJWKS() ([]byte, error) {
	encode := base64.RawURLEncoding.EncodeToString
	doc := jwks{Keys: []jwk{}}
	for _, key := range s.current.Load().keys {
		entry := jwk{ID: key.id, Algorithm: string(key.alg), Use: "sig"}
		switch pub := key.verify.(type) {
		case *rsa.PublicKey:
			entry.Type, entry.N, entry.E = "RSA", encode(pub.N.Bytes()), encode(big.NewInt(int64(pub.E)).Bytes())
		case *ecdsa.PublicKey:
			point, err := pub.Bytes()
			if err != nil {
				return nil, fmt.Errorf("%w: %s", ErrKey, key)
			}
			entry.Type, entry.Curve, entry.X, entry.Y = "EC", "P-256", encode(point[1:33]), encode(point[33:])
		case ed25519.PublicKey:
			entry.Type, entry.Curve, entry.X = "OKP", "Ed25519", encode(pub)
		default:
			continue
		}
		doc.Keys = append(doc.Keys, entry)
	}
	return json.Marshal(doc)
}
