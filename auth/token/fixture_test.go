package token_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

const (
	tenantA = "7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11"
	userA   = "e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22"
	issuerA = "https://issuer.test"
	ours    = "attachments"
)

// material is one private key of each kind, made once per test binary: RSA
// keys take long.
type material struct {
	secret []byte
	rsa    *rsa.PrivateKey // for RS256
	pss    *rsa.PrivateKey // for PS256
	ec     *ecdsa.PrivateKey
	ed     ed25519.PrivateKey
}

var honest = sync.OnceValue(newMaterial)

// foreign is the attacker's own.
var foreign = sync.OnceValue(newMaterial)

func newMaterial() material {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	m := material{secret: make([]byte, 32)}
	_, err := rand.Read(m.secret)
	must(err)
	m.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	m.pss, err = rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	m.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	_, m.ed, err = ed25519.GenerateKey(rand.Reader)
	must(err)
	return m
}

// keys returns one key per algorithm, with the ids hs, rs, ps, es and ed.
func (m material) keys(tb testing.TB) []*token.Key {
	tb.Helper()
	secret, err := token.NewSecret("hs", m.secret)
	require.NoError(tb, err)
	keys := []*token.Key{secret}
	for _, k := range []struct {
		id  string
		alg token.Algorithm
		key any
	}{{"rs", token.RS256, m.rsa}, {"ps", token.PS256, m.pss}, {"es", token.ES256, m.ec}, {"ed", token.EdDSA, m.ed}} {
		key, err := token.NewKey(k.id, k.alg, k.key)
		require.NoError(tb, err)
		keys = append(keys, key)
	}
	return keys
}

func (m material) set(tb testing.TB) *token.KeySet {
	tb.Helper()
	set, err := token.NewKeySet(m.keys(tb)...)
	require.NoError(tb, err)
	return set
}

// A signer makes the third part of a forged token.
type signer func(input string) []byte

func hs(secret []byte) signer {
	return func(input string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	}
}

func rs(key *rsa.PrivateKey) signer {
	return func(input string) []byte {
		digest := sha256.Sum256([]byte(input))
		sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		if err != nil {
			panic(err)
		}
		return sig
	}
}

func ps(key *rsa.PrivateKey) signer {
	return func(input string) []byte {
		digest := sha256.Sum256([]byte(input))
		sig, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: 32})
		if err != nil {
			panic(err)
		}
		return sig
	}
}

func es(key *ecdsa.PrivateKey) signer {
	return func(input string) []byte {
		digest := sha256.Sum256([]byte(input))
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			panic(err)
		}
		return twoInts(r, s)
	}
}

func ed(key ed25519.PrivateKey) signer {
	return func(input string) []byte { return ed25519.Sign(key, []byte(input)) }
}

// fixed ignores what it signs.
func fixed(sig []byte) signer { return func(string) []byte { return sig } }

func twoInts(r, s *big.Int) []byte {
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// forge joins a header and a payload, given as JSON, and signs them.
func forge(header, payload string, sign signer) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(sign(input))
}

// payload returns the claims of a good token as JSON, with changes: a nil
// value removes the claim, a json.RawMessage is put in as it is.
func payload(changes map[string]any) string {
	now := time.Now().Unix()
	claims := map[string]any{
		"tenant_id": tenantA, "user_id": userA, "role": "user", "jti": "J1", "iss": issuerA, "aud": ours,
		"iat": now, "nbf": now, "exp": now + 3600,
	}
	for name, value := range changes {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	data, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// with appends raw members to a JSON object.
func with(object, members string) string { return object[:len(object)-1] + "," + members + "}" }

func head(alg, kid string) string { return fmt.Sprintf(`{"alg":%q,"typ":"JWT","kid":%q}`, alg, kid) }

func newVerifier(tb testing.TB, keys token.Keys, opts *token.VerifierOptions) *token.Verifier {
	tb.Helper()
	v, err := token.NewVerifier(keys, opts)
	require.NoError(tb, err)
	return v
}
