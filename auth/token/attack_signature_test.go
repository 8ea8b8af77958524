package token_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

// An attack is a token that must be refused, and why it must.
type attack struct {
	name string
	raw  string
	want error
}

// attackTable collects attacks on the keys of honest, by the owner of foreign.
type attackTable struct {
	tb          testing.TB
	h, f        material
	good, admin string // payloads
	all         []attack
}

// attacks returns the whole table. url is where the attacker would like us to
// fetch a key from.
func attacks(tb testing.TB, url string) []attack {
	t := &attackTable{tb: tb, h: honest(), f: foreign(), good: payload(nil), admin: payload(map[string]any{"role": "admin"})}
	t.unsigned()
	t.publicKeyAsSecret()
	t.wrongAlgorithm()
	t.guessedSecrets()
	t.keyInTheToken(url)
	t.keyIDs(url)
	t.psychicSignatures()
	t.exchangedParts()

	t.times()
	t.mistypedClaims()
	t.duplicates()
	t.issuersAndAudiences()
	t.brokenPayloads()
	t.headers()
	t.critical()
	t.spellings()
	t.giants()
	return t.all
}

func (t *attackTable) add(name, raw string, want error) {
	t.all = append(t.all, attack{name, raw, want})
}

// unsigned: no signature at all, in every spelling.
func (t *attackTable) unsigned() {
	for _, alg := range []string{
		`"none"`, `"None"`, `"NONE"`, `"nOnE"`, `"none "`, `" none"`, `"none\u0000"`, `"n\u006fne"`, `""`, `null`, `0`, `true`, `["HS256"]`, `{"HS256":1}`,
	} {
		header := `{"typ":"JWT","kid":"hs","alg":` + alg + `}`
		want := token.ErrAlgorithm
		if alg[0] != '"' || alg == `""` || strings.Contains(alg, "0000") {
			want = token.ErrClaims
		}
		t.add("alg "+alg+" unsigned", b64([]byte(header))+"."+b64([]byte(t.admin))+".", want)
		t.add("alg "+alg+" with a signature", forge(header, t.admin, hs(t.h.secret)), want)
	}
	t.add("no alg", forge(`{"typ":"JWT","kid":"hs"}`, t.good, hs(t.h.secret)), token.ErrAlgorithm)
}

// publicKeyAsSecret: a public key as an HMAC secret, in every form it is
// published in.
func (t *attackTable) publicKeyAsSecret() {
	for kid, public := range map[string]any{"rs": &t.h.rsa.PublicKey, "ps": &t.h.pss.PublicKey, "es": &t.h.ec.PublicKey, "ed": t.h.ed.Public()} {
		for form, secret := range publicForms(t.tb, public) {
			name := "HS256 with the " + form + " of " + kid
			t.add(name+", its kid", forge(head("HS256", kid), t.admin, hs(secret)), token.ErrUnknownKey)
			t.add(name+", kid hs", forge(head("HS256", "hs"), t.admin, hs(secret)), token.ErrSignature)
			t.add(name+", no kid", forge(`{"alg":"HS256"}`, t.admin, hs(secret)), token.ErrSignature)
		}
	}
}

func publicForms(tb testing.TB, public any) map[string][]byte {
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(tb, err)
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	forms := map[string][]byte{
		"PEM": block, "PEM without last line break": block[:len(block)-1],
		"DER": der, "DER in base64": []byte(base64.StdEncoding.EncodeToString(der)),
	}
	switch pub := public.(type) {
	case *rsa.PublicKey:
		pkcs1, n := x509.MarshalPKCS1PublicKey(pub), pub.N.Bytes()
		forms["PKCS #1 PEM"] = pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1})
		forms["PKCS #1 DER"] = pkcs1
		forms["modulus"], forms["modulus in hex"], forms["modulus in base64url"] = n, []byte(hex.EncodeToString(n)), []byte(b64(n))
	case *ecdsa.PublicKey:
		point, err := pub.Bytes()
		require.NoError(tb, err)
		forms["point"], forms["x"] = point, point[1:33]
	case ed25519.PublicKey:
		forms["raw bytes"] = pub
	}
	return forms
}

// wrongAlgorithm: a real signature, under another algorithm than its key is
// pinned to.
func (t *attackTable) wrongAlgorithm() {
	for _, alg := range []string{
		"hs256", "Hs256", "HS256 ", "HS-256", "HS2560", "HS384", "HS512", "RS384", "RS512", "PS384", "PS512", "ES384", "ES512", "ES256K",
		"Ed25519", "eddsa", "RSA-OAEP", "dir", "A256KW",
	} {
		t.add("alg "+alg, forge(head(alg, "hs"), t.good, hs(t.h.secret)), token.ErrAlgorithm)
	}
	t.add("RS256 by the PS256 key", forge(head("RS256", "ps"), t.good, rs(t.h.pss)), token.ErrUnknownKey)
	t.add("RS256 by the PS256 key without kid", forge(`{"alg":"RS256"}`, t.good, rs(t.h.pss)), token.ErrSignature)
	t.add("PS256 by the RS256 key", forge(head("PS256", "rs"), t.good, ps(t.h.rsa)), token.ErrUnknownKey)
	t.add("PS256 signature called RS256", forge(head("RS256", "rs"), t.good, ps(t.h.rsa)), token.ErrSignature)
	t.add("RS256 signature called PS256", forge(head("PS256", "ps"), t.good, rs(t.h.pss)), token.ErrSignature)
	t.add("ES256 signature called EdDSA", forge(head("EdDSA", "ed"), t.good, es(t.h.ec)), token.ErrSignature)
	t.add("EdDSA signature called ES256", forge(head("ES256", "es"), t.good, ed(t.h.ed)), token.ErrSignature)
	t.add("HS256 signature called RS256", forge(head("RS256", "rs"), t.good, hs(t.h.secret)), token.ErrSignature)
	t.add("HS256 under the kid of RS256", forge(head("HS256", "rs"), t.good, hs(t.h.secret)), token.ErrUnknownKey)
	t.add("ES256 signature in DER", forge(head("ES256", "es"), t.good, func(input string) []byte {
		raw := es(t.h.ec)(input)
		der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
		require.NoError(t.tb, err)
		return der
	}), token.ErrSignature)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t.tb, err)
	t.add("ES256 by a P-384 key", forge(head("ES256", "es"), t.good, func(input string) []byte {
		digest := sha512.Sum384([]byte(input))
		r, s, err := ecdsa.Sign(rand.Reader, p384, digest[:])
		require.NoError(t.tb, err)
		return append(r.FillBytes(make([]byte, 48)), s.FillBytes(make([]byte, 48))...)
	}), token.ErrSignature)
}

// guessedSecrets: what needs no guessing, and another's keys under our ids.
func (t *attackTable) guessedSecrets() {
	for name, secret := range map[string][]byte{
		"empty": {}, "one zero": {0}, "32 zeros": make([]byte, 32), "secret": []byte("secret"), "the kid": []byte("hs"),
		"a famous example": []byte("your-256-bit-secret"), "the issuer": []byte(issuerA), "half of the secret": t.h.secret[:16],
		"the secret in base64": []byte(b64(t.h.secret)), "the secret in hex": []byte(hex.EncodeToString(t.h.secret)),
	} {
		t.add("HS256 with "+name, forge(head("HS256", "hs"), t.admin, hs(secret)), token.ErrSignature)
	}
	t.add("foreign HS256", forge(head("HS256", "hs"), t.admin, hs(t.f.secret)), token.ErrSignature)
	t.add("foreign RS256", forge(head("RS256", "rs"), t.admin, rs(t.f.rsa)), token.ErrSignature)
	t.add("foreign PS256", forge(head("PS256", "ps"), t.admin, ps(t.f.pss)), token.ErrSignature)
	t.add("foreign ES256", forge(head("ES256", "es"), t.admin, es(t.f.ec)), token.ErrSignature)
	t.add("foreign EdDSA", forge(head("EdDSA", "ed"), t.admin, ed(t.f.ed)), token.ErrSignature)
}

// keyInTheToken: a key, or the way to one, that the token brings along.
func (t *attackTable) keyInTheToken(url string) {
	jwk := fmt.Sprintf(`{"kty":"RSA","kid":"rs","alg":"RS256","use":"sig","e":"AQAB","n":%q}`, b64(t.f.rsa.N.Bytes()))
	der, err := x509.MarshalPKIXPublicKey(&t.f.rsa.PublicKey)
	require.NoError(t.tb, err)
	for name, member := range map[string]string{
		"jwk":                `"jwk":` + jwk,
		"jku":                `"jku":"` + url + `/jwks.json"`,
		"jku with user info": `"jku":"https://issuer.test@` + strings.TrimPrefix(url, "http://") + `"`,
		"jku file":           `"jku":"file:///dev/zero"`,
		"x5u":                `"x5u":"` + url + `/cert.pem"`,
		"x5c":                `"x5c":["` + base64.StdEncoding.EncodeToString(der) + `"]`,
		"jwk and jku":        `"jwk":` + jwk + `,"jku":"` + url + `"`,
		"iss and jku":        `"iss":"` + url + `","jku":"` + url + `/.well-known/jwks.json"`,
	} {
		t.add(name+", our kid", forge(with(head("RS256", "rs"), member), t.admin, rs(t.f.rsa)), token.ErrSignature)
		t.add(name+", new kid", forge(with(head("RS256", "theirs"), member), t.admin, rs(t.f.rsa)), token.ErrUnknownKey)
		t.add(name+", no kid", forge(with(`{"alg":"RS256"}`, member), t.admin, rs(t.f.rsa)), token.ErrSignature)
	}
	oct := `"jwk":{"kty":"oct","k":"` + b64(t.f.secret) + `"}`
	t.add("jwk of a secret", forge(with(head("HS256", "hs"), oct), t.admin, hs(t.f.secret)), token.ErrSignature)
}

// keyIDs: a kid that wants to be a path, a query, or something else than text.
func (t *attackTable) keyIDs(url string) {
	for _, kid := range []string{
		"../../../../dev/null", "/dev/null", "/proc/self/environ", `x' UNION SELECT 'k';--`, "hs' OR '1'='1", url + "/key", "HS", "hs ", "%68%73",
		"*", "__proto__", "${jndi:ldap://x}", "; sleep 9", strings.Repeat("k", 256),
	} {
		t.add(fmt.Sprintf("kid %.30q", kid), forge(fmt.Sprintf(`{"alg":"HS256","kid":%q}`, kid), t.admin, hs(nil)), token.ErrUnknownKey)
	}
	for _, kid := range []string{`1`, `null`, `["hs"]`, `{"hs":"hs"}`, `true`, `"hs\u0000"`, `"hs\n"`, `"` + strings.Repeat("k", 257) + `"`} {
		t.add(fmt.Sprintf("kid %.30s", kid), forge(`{"alg":"HS256","kid":`+kid+`}`, t.good, hs(t.h.secret)), token.ErrClaims)
	}
}

// psychicSignatures: those that satisfy a careless equation.
func (t *attackTable) psychicSignatures() {
	zero, one, n := new(big.Int), big.NewInt(1), elliptic.P256().Params().N
	for name, sig := range map[string][]byte{
		"r=0 s=0": twoInts(zero, zero), "r=0 s=1": twoInts(zero, one), "r=1 s=0": twoInts(one, zero), "r=n s=n": twoInts(n, n),
		"r=n s=1": twoInts(n, one), "r=1 s=n": twoInts(one, n), "zeros in DER": {0x30, 6, 2, 1, 0, 2, 1, 0},
		"one byte": {0}, "63 zeros": make([]byte, 63), "65 zeros": make([]byte, 65),
	} {
		t.add("ES256 "+name, forge(head("ES256", "es"), t.admin, fixed(sig)), token.ErrSignature)
	}
	for name, sig := range map[string][]byte{"zeros": make([]byte, 64), "identity": append([]byte{1}, make([]byte, 63)...)} {
		t.add("EdDSA "+name, forge(head("EdDSA", "ed"), t.admin, fixed(sig)), token.ErrSignature)
	}
	for name, sig := range map[string][]byte{"zeros": make([]byte, 256), "one": one.FillBytes(make([]byte, 256))} {
		t.add("RS256 "+name, forge(head("RS256", "rs"), t.admin, fixed(sig)), token.ErrSignature)
	}
	altered := func(name, header string, sign signer, change func([]byte) []byte) {
		t.add(name, forge(header, t.good, func(input string) []byte { return change(sign(input)) }), token.ErrSignature)
	}
	altered("EdDSA S plus the order", head("EdDSA", "ed"), ed(t.h.ed), func(sig []byte) []byte {
		order, _ := new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
		s := new(big.Int).SetBytes(reversed(sig[32:]))
		return append(sig[:32:32], reversed(s.Add(s, order).FillBytes(make([]byte, 32)))...)
	})
	altered("RS256 with a leading zero", head("RS256", "rs"), rs(t.h.rsa), func(sig []byte) []byte { return append([]byte{0}, sig...) })
	altered("RS256 plus the modulus", head("RS256", "rs"), rs(t.h.rsa), func(sig []byte) []byte {
		return new(big.Int).Add(new(big.Int).SetBytes(sig), t.h.rsa.N).FillBytes(make([]byte, 257))
	})
	altered("HS256 cut to 16 bytes", head("HS256", "hs"), hs(t.h.secret), func(sig []byte) []byte { return sig[:16] })
	altered("HS256 with a byte more", head("HS256", "hs"), hs(t.h.secret), func(sig []byte) []byte { return append(sig, 0) })
	altered("HS256 with a bit flipped", head("HS256", "hs"), hs(t.h.secret), func(sig []byte) []byte { sig[0] ^= 0x80; return sig })
}

// exchangedParts: the signature of something else.
func (t *attackTable) exchangedParts() {
	header := head("HS256", "hs")
	part := strings.Split(forge(header, t.good, hs(t.h.secret)), ".")
	other := strings.Split(forge(header, t.admin, hs(t.h.secret)), ".")
	t.add("payload exchanged", part[0]+"."+other[1]+"."+part[2], token.ErrSignature)
	t.add("header exchanged", b64([]byte(`{"alg":"HS256","kid":"hs"}`))+"."+part[1]+"."+part[2], token.ErrSignature)
	t.add("signature over the payload only", part[0]+"."+part[1]+"."+b64(hs(t.h.secret)(part[1])), token.ErrSignature)
	t.add("signature over decoded parts", part[0]+"."+part[1]+"."+b64(hs(t.h.secret)(header+"."+t.good)), token.ErrSignature)
}

func reversed(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[len(b)-1-i] = c
	}
	return out
}
