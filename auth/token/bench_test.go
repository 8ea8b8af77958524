package token_test

import (
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

// bareClaims are what a program decodes with golang-jwt alone.
type bareClaims struct {
	TenantID string `json:"tenant_id"`
	UserID   string `json:"user_id"`
	Role     string `json:"role"`
	jwt.RegisteredClaims
}

// BenchmarkVerify sets Verify beside a bare parse by golang-jwt of the same
// token, with its own checks on.
func BenchmarkVerify(b *testing.B) {
	public := map[token.Algorithm]any{
		token.HS256: honest().secret, token.RS256: &honest().rsa.PublicKey, token.PS256: &honest().pss.PublicKey, token.ES256: &honest().ec.PublicKey, token.EdDSA: honest().ed.Public(),
	}
	for _, key := range honest().keys(b) {
		set, err := token.NewKeySet(key)
		require.NoError(b, err)
		raw, err := newIssuer(b, set, &token.IssuerOptions{Issuer: issuerA, Audience: []string{ours}}).Issue(someone)
		require.NoError(b, err)
		b.Run(string(key.Algorithm())+"/bare", func(b *testing.B) {
			parser := jwt.NewParser(jwt.WithValidMethods([]string{string(key.Algorithm())}), jwt.WithExpirationRequired(), jwt.WithIssuer(issuerA), jwt.WithAudience(ours), jwt.WithIssuedAt())
			b.ReportAllocs()
			for b.Loop() {
				_, err := parser.ParseWithClaims(raw, &bareClaims{}, func(*jwt.Token) (any, error) { return public[key.Algorithm()], nil })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(string(key.Algorithm())+"/verify", func(b *testing.B) {
			v := newVerifier(b, set, &token.VerifierOptions{Issuer: issuerA, Audience: ours})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAttacks is the cost of refusing: the mean over the whole table.
func BenchmarkAttacks(b *testing.B) {
	v := newVerifier(b, honest().set(b), underAttack())
	table := attacks(b, "http://127.0.0.1:1")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := v.Verify(b.Context(), table[i%len(table)].raw); err == nil {
			b.Fatal(table[i%len(table)].name)
		}
	}
}
