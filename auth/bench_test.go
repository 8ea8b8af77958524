package auth_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

type bareClaims struct {
	TenantID string `json:"tenant_id"`
	UserID   string `json:"user_id"`
	Role     string `json:"role"`
	jwt.RegisteredClaims
}

// silent is the cheapest ResponseWriter.
type silent struct{ header http.Header }

func (s silent) Header() http.Header             { return s.header }
func (silent) Write(p []byte) (int, error)       { return len(p), nil }
func (silent) WriteHeader(int)                   {}
func nothing(http.ResponseWriter, *http.Request) {}

// BenchmarkRequest sets an authenticated request beside nothing but a parse of
// its token by golang-jwt: "bare". "authenticate" is the Authenticator with all
// it checks and the new context; "chain" the whole of NewChain, audit and two
// limits included.
func BenchmarkRequest(b *testing.B) {
	secret := []byte("nG7!pQ2vX9#rT4mK8$wZ1bY6&cJ3hL5d")
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(b, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(b, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(b, err)
	for _, c := range []struct {
		alg            token.Algorithm
		private, check any
	}{{token.HS256, secret, secret}, {token.RS256, rsaKey, &rsaKey.PublicKey}, {token.ES256, ecKey, &ecKey.PublicKey}, {token.EdDSA, edKey, edKey.Public()}} {
		key, err := token.NewSecret("k", secret)
		if c.alg != token.HS256 {
			key, err = token.NewKey("k", c.alg, c.private)
		}
		require.NoError(b, err)
		keys, err := token.NewKeySet(key)
		require.NoError(b, err)
		issuer, err := token.NewIssuer(keys, nil)
		require.NoError(b, err)
		verifier, err := token.NewVerifier(keys, nil)
		require.NoError(b, err)
		header := office{issuer, verifier}.bearer(b, tenantA, userA, "user")
		raw := strings.TrimPrefix(header, "Bearer ")

		parser := jwt.NewParser(jwt.WithValidMethods([]string{string(c.alg)}), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
		bare := func() {
			if _, err := parser.ParseWithClaims(raw, &bareClaims{}, func(*jwt.Token) (any, error) { return c.check, nil }); err != nil {
				b.Fatal(err)
			}
		}
		r, w := request("GET", "/", "Authorization", header), silent{http.Header{}}
		authenticator := newAuthenticator(b, verifier, nil)
		alone := authenticator.Handler(http.HandlerFunc(nothing))
		many := ratelimit.PerMinute(1e9)
		chain, err := auth.NewChain(authenticator, &auth.ChainOptions{UserLimit: many, AddressLimit: many})
		require.NoError(b, err)
		whole := chain.Handler(http.HandlerFunc(nothing))

		b.Run(string(c.alg)+"/bare", func(b *testing.B) { measure(b, bare, bare) })
		b.Run(string(c.alg)+"/authenticate", func(b *testing.B) { measure(b, bare, func() { alone.ServeHTTP(w, r) }) })
		b.Run(string(c.alg)+"/chain", func(b *testing.B) { measure(b, bare, func() { whole.ServeHTTP(w, r) }) })
	}
}

// measure runs bare and f in turns, and reports the median time of f and how
// many times the median of bare it is: other programs on the machine disturb
// both, and the median not at all.
func measure(b *testing.B, bare, f func()) {
	var bareTimes, times []time.Duration
	for b.Loop() {
		began := time.Now()
		bare()
		between := time.Now()
		f()
		bareTimes, times = append(bareTimes, between.Sub(began)), append(times, time.Since(between))
	}
	slices.Sort(bareTimes)
	slices.Sort(times)
	middle := len(times) / 2
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(times[middle].Nanoseconds()), "ns/request")
	b.ReportMetric(float64(times[middle])/float64(bareTimes[middle]), "×bare")
}
