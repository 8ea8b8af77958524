package token_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

// Without the secret nothing gets through, whatever the bytes.
func FuzzVerifyBytes(f *testing.F) {
	v := newVerifier(f, honest().set(f), underAttack())
	for _, a := range attacks(f, "http://127.0.0.1:1") {
		if len(a.raw) < 4<<10 && a.want != token.ErrNotYetValid { //nolint:errorlint // the table holds the sentinel itself; that one would become valid
			f.Add(a.raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw string) {
		claims, err := v.Verify(t.Context(), raw)
		require.Error(t, err)
		require.Nil(t, claims)
	})
}

// With the secret anything may be signed. What is then accepted must mean the
// same to encoding/json, the reader that others use.
func FuzzVerifySigned(f *testing.F) {
	v := newVerifier(f, honest().set(f), underAttack())
	f.Add(head("HS256", "hs"), payload(nil))
	f.Add(`{"alg":"HS256","crit":["known"],"known":1}`, payload(map[string]any{"aud": []string{ours}}))
	f.Add(`{ "alg" : "HS256" , "x" : { "y" : [ "z" , {} ] } }`, with(payload(nil), `"Role":"admin"`))
	f.Add(`{"\u0061lg":"HS256"}`, with(payload(nil), `"x":"\\\"}","y":[1,{"a":"]"}],"z":-1.5e3 `))
	f.Fuzz(func(t *testing.T, header, payload string) {
		claims, err := v.Verify(t.Context(), forge(header, payload, hs(honest().secret)))
		if err != nil {
			require.Nil(t, claims)
			return
		}
		var other struct {
			TenantID string `json:"tenant_id"`
			UserID   string `json:"user_id"`
			Role     string `json:"role"`
			Exp      json.Number
		}
		require.NoError(t, json.Unmarshal([]byte(payload), &other))
		require.Equal(t, other.TenantID, claims.TenantID)
		require.Equal(t, other.UserID, claims.UserID)
		require.Equal(t, other.Role, claims.Role)
		exp, err := other.Exp.Float64()
		require.NoError(t, err)
		require.InDelta(t, exp, float64(claims.ExpiresAt.Unix()), 1)
		var h struct{ Alg token.Algorithm }
		require.NoError(t, json.Unmarshal([]byte(header), &h))
		require.Equal(t, token.HS256, h.Alg)
	})
}

// A key set comes from another host.
func FuzzParseJWKS(f *testing.F) {
	document, err := honest().set(f).PublicJWKS()
	require.NoError(f, err)
	f.Add(document)
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"","y":""},{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		set, err := token.ParseJWKS(document)
		if err != nil {
			require.ErrorIs(t, err, token.ErrKey)
			return
		}
		again, err := set.PublicJWKS()
		require.NoError(t, err)
		_, err = token.ParseJWKS(again)
		require.NoError(t, err)
	})
}
