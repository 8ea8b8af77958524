package token_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

func TestWeakSecretsAreRefused(t *testing.T) {
	for name, secret := range map[string]string{
		"empty": "", "31 bytes": string(honest().secret[:31]), "zeros": string(make([]byte, 64)), "repeated": strings.Repeat("Tr0ub4dor&3", 6),
		"few letters": "aabbccddaabbccdaabcdabcdbbddccaa", "placeholder": "please-change-me-before-production-0x9", "manual": "your-256-bit-secret-your-256-bit-k",
		"PEM": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOC", "ssh": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ", "alphabet": "abcdefghijklmnopqrstuvwxyz0123456789",
	} {
		_, err := token.NewSecret("", []byte(secret))
		require.ErrorIs(t, err, token.ErrKey, name)
	}
	for range 1000 { // never a random one
		secret := make([]byte, token.MinSecretBytes)
		_, _ = rand.Read(secret)
		_, err := token.NewSecret("", secret)
		require.NoError(t, err)
		_, err = token.NewSecret("", []byte(hex.EncodeToString(secret)))
		require.NoError(t, err)
	}
}

func TestWeakAndForeignKeysAreRefused(t *testing.T) {
	h := honest()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	offCurve := &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)} //nolint:staticcheck // a point off the curve can be made in no other way
	for name, k := range map[string]struct {
		alg token.Algorithm
		key any
	}{
		"RSA 1024":           {token.RS256, small},
		"RSA 1024 public":    {token.RS256, &small.PublicKey},
		"RSA 16384":          {token.RS256, &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 16383, 1), E: 65537}},
		"RSA exponent 1":     {token.RS256, &rsa.PublicKey{N: h.rsa.N, E: 1}},
		"RSA exponent 3":     {token.PS256, &rsa.PublicKey{N: h.rsa.N, E: 3}},
		"RSA exponent even":  {token.PS256, &rsa.PublicKey{N: h.rsa.N, E: 1 << 17}},
		"RSA modulus even":   {token.PS256, &rsa.PublicKey{N: new(big.Int).Lsh(h.rsa.N, 1), E: 65537}},
		"RSA empty":          {token.RS256, &rsa.PublicKey{}},
		"RSA private empty":  {token.RS256, &rsa.PrivateKey{}},
		"RSA nil":            {token.RS256, (*rsa.PublicKey)(nil)},
		"RSA private nil":    {token.RS256, (*rsa.PrivateKey)(nil)},
		"RSA for ES256":      {token.ES256, h.rsa},
		"RSA for HS256":      {token.HS256, &h.rsa.PublicKey},
		"P-384":              {token.ES256, p384},
		"EC off the curve":   {token.ES256, offCurve},
		"EC empty":           {token.ES256, &ecdsa.PublicKey{}},
		"EC without point":   {token.ES256, &ecdsa.PublicKey{Curve: elliptic.P256()}},
		"EC nil":             {token.ES256, (*ecdsa.PublicKey)(nil)},
		"EC private nil":     {token.ES256, (*ecdsa.PrivateKey)(nil)},
		"EC for RS256":       {token.RS256, h.ec},
		"Ed25519 short":      {token.EdDSA, ed25519.PublicKey(make([]byte, 31))},
		"Ed25519 nil":        {token.EdDSA, ed25519.PublicKey(nil)},
		"Ed25519 private":    {token.EdDSA, ed25519.PrivateKey(make([]byte, 5))},
		"Ed25519 for HS256":  {token.HS256, h.ed.Public()},
		"secret as a key":    {token.HS256, h.secret},
		"secret for RS256":   {token.RS256, h.secret},
		"nothing":            {token.RS256, nil},
		"none":               {"none", h.rsa},
		"unknown algorithm":  {"RS512", h.rsa},
		"algorithm in lower": {"rs256", h.rsa},
	} {
		_, err := token.NewKey("", k.alg, k.key)
		require.ErrorIs(t, err, token.ErrKey, name)
	}
	_, err = token.NewKey(strings.Repeat("k", 300), token.EdDSA, h.ed)
	require.ErrorIs(t, err, token.ErrKey)
}

// Under a key of small order a signature without a private key is valid. The
// test first shows that on Go's own verifier, then that NewKey refuses.
func TestEd25519KeysOfSmallOrderAreRefused(t *testing.T) {
	forged := append([]byte{1}, make([]byte, 63)...) // R the identity, S zero
	for _, y := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	} {
		public, err := hex.DecodeString(y)
		require.NoError(t, err)
		broken := false
		for i := range 256 {
			broken = broken || ed25519.Verify(public, []byte{byte(i)}, forged)
		}
		require.True(t, broken, "%s does not belong into this table", y)
		_, err = token.NewKey("", token.EdDSA, ed25519.PublicKey(public))
		require.ErrorIs(t, err, token.ErrKey)
	}
}

func TestKeysNeverPrintWhatTheyHold(t *testing.T) {
	secret := honest().secret
	key, err := token.NewSecret("id", secret)
	require.NoError(t, err)
	set, err := token.NewKeySet(key)
	require.NoError(t, err)
	encoded, err := json.Marshal(map[string]any{"key": key, "set": set})
	require.NoError(t, err)
	for _, text := range []string{
		fmt.Sprint(key, set), fmt.Sprintf("%+v %+v", key, set), fmt.Sprintf("%#v", key), fmt.Sprintf("%s %x", key, fmt.Sprint(set)), string(encoded),
	} {
		require.NotContains(t, text, strings.Trim(fmt.Sprintf("%d", secret[:4]), "[]"))
		require.NotContains(t, text, hex.EncodeToString(secret[:4]))
		require.NotContains(t, text, string(secret[:4]))
	}
	secret = bytes.Clone(secret)
	copied, err := token.NewSecret("", secret)
	require.NoError(t, err)
	clear(secret) // the caller may wipe his copy
	own, err := token.NewKeySet(copied)
	require.NoError(t, err)
	_, err = newVerifier(t, own, nil).Verify(t.Context(), forge(`{"alg":"HS256"}`, payload(map[string]any{"aud": nil}), hs(honest().secret)))
	require.NoError(t, err)
}

func TestJWKSRoundTrip(t *testing.T) {
	document, err := honest().set(t).PublicJWKS()
	require.NoError(t, err)
	require.NotContains(t, string(document), b64(honest().secret))
	require.NotContains(t, string(document), `"d"`)
	set, err := token.ParseJWKS(document)
	require.NoError(t, err)
	again, err := set.PublicJWKS()
	require.NoError(t, err)
	require.JSONEq(t, string(document), string(again))
	_, err = set.Lookup(t.Context(), token.HS256, "hs")
	require.ErrorIs(t, err, token.ErrUnknownKey)
}

func TestParseJWKSPassesOverWhatItCannotUse(t *testing.T) {
	n := b64(honest().rsa.N.Bytes())
	for _, entry := range []string{
		`{"kty":"oct","alg":"HS256","k":"` + b64(honest().secret) + `"}`,
		`{"kty":"RSA","use":"enc","e":"AQAB","n":"` + n + `"}`,
		`{"kty":"RSA","key_ops":["sign"],"e":"AQAB","n":"` + n + `"}`,
		`{"kty":"RSA","alg":"RSA-OAEP","e":"AQAB","n":"` + n + `"}`,
		`{"kty":"RSA","alg":"HS256","e":"AQAB","n":"` + n + `"}`,
		`{"kty":"RSA","alg":"none","e":"AQAB","n":"` + n + `"}`,
		`{"kty":"RSA","alg":"RS256","e":"AQ","n":"` + n + `"}`,
		`{"kty":"RSA","alg":"RS256","e":"AQAAAAAB","n":"` + n + `"}`,
		`{"kty":"RSA","alg":"RS256","e":"","n":"` + n + `"}`,
		`{"kty":"RSA","alg":"RS256","e":"AQAB","n":"` + n[:160] + `"}`,
		`{"kty":"RSA","alg":"RS256","e":"AQAB","n":"` + strings.Repeat(n, 20) + `"}`,
		`{"kty":"RSA","alg":"RS256","e":"AQAB","n":"!"}`,
		`{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}`,
		`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`,
		`{"kty":"EC","crv":"P-256","x":"` + b64(make([]byte, 32)) + `","y":"` + b64(make([]byte, 32)) + `"}`,
		`{"kty":"OKP","crv":"Ed25519","x":"` + b64(make([]byte, 32)) + `"}`,
		`{"kty":"OKP","crv":"X25519","x":"` + b64(honest().secret) + `"}`,
		`{}`,
	} {
		_, err := token.ParseJWKS([]byte(`{"keys":[` + entry + `]}`))
		require.ErrorIs(t, err, token.ErrKey, entry)
		set, err := token.ParseJWKS([]byte(`{"keys":[` + entry + `,{"kty":"RSA","kid":"good","e":"AQAB","n":"` + n + `"}]}`))
		require.NoError(t, err, entry)
		_, err = set.Lookup(t.Context(), token.RS256, "good")
		require.NoError(t, err)
		_, err = set.Lookup(t.Context(), token.PS256, "good")
		require.ErrorIs(t, err, token.ErrUnknownKey, "without alg an RSA key is for RS256 only")
	}
	for _, document := range []string{``, `[]`, `{}`, `{"keys":null}`, `{"keys":{}}`, `{"keys":[1]}`} {
		_, err := token.ParseJWKS([]byte(document))
		require.ErrorIs(t, err, token.ErrKey, document)
	}
}
