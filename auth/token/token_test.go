package token_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

var someone = token.Claims{TenantID: tenantA, UserID: userA, Role: "user"}

func newIssuer(tb testing.TB, keys *token.KeySet, opts *token.IssuerOptions) *token.Issuer {
	tb.Helper()
	i, err := token.NewIssuer(keys, opts)
	require.NoError(tb, err)
	return i
}

func TestRoundTripWithEveryAlgorithm(t *testing.T) {
	for _, key := range honest().keys(t) {
		t.Run(string(key.Algorithm()), func(t *testing.T) {
			set, err := token.NewKeySet(key)
			require.NoError(t, err)
			issuer := newIssuer(t, set, &token.IssuerOptions{Issuer: issuerA, Audience: []string{ours, "other"}})
			raw, err := issuer.Issue(someone)
			require.NoError(t, err)
			claims, err := newVerifier(t, set, &token.VerifierOptions{Issuer: issuerA, Audience: ours}).Verify(t.Context(), raw)
			require.NoError(t, err)
			require.Equal(t, tenantA, claims.TenantID)
			require.Equal(t, userA, claims.UserID)
			require.Equal(t, "user", claims.Role)
			require.Equal(t, issuerA, claims.Issuer)
			require.Equal(t, []string{ours, "other"}, claims.Audience)
			require.NotEmpty(t, claims.ID)
			require.Equal(t, token.DefaultLifetime, claims.ExpiresAt.Sub(claims.IssuedAt))
			require.Equal(t, claims.IssuedAt, claims.NotBefore)
		})
	}
}

func TestTokensOfGolangJWTAreUnderstoodAndTheReverse(t *testing.T) {
	set := honest().set(t)
	foreignMade := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"tenant_id": tenantA, "user_id": userA, "role": "admin", "exp": jwt.NewNumericDate(time.Now().Add(time.Hour)), "sub": "x", "name": `quo"te \ ü`,
	})
	raw, err := foreignMade.SignedString(honest().ec)
	require.NoError(t, err)
	claims, err := newVerifier(t, set, nil).Verify(t.Context(), raw)
	require.NoError(t, err)
	require.Equal(t, "admin", claims.Role)

	raw, err = newIssuer(t, set, nil).Issue(someone)
	require.NoError(t, err)
	parsed, err := jwt.Parse(raw, func(*jwt.Token) (any, error) { return honest().secret, nil }, jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	require.NoError(t, err)
	require.Equal(t, "hs", parsed.Header["kid"])
	require.Equal(t, tenantA, parsed.Claims.(jwt.MapClaims)["tenant_id"])
}

func TestTimeClaimsAtTheirEdges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := honest().set(t)
		raw, err := newIssuer(t, set, &token.IssuerOptions{Lifetime: time.Minute}).Issue(someone)
		require.NoError(t, err)
		lenient, exact := newVerifier(t, set, nil), newVerifier(t, set, &token.VerifierOptions{Leeway: -1})
		verify := func(v *token.Verifier, want error) {
			t.Helper()
			_, err := v.Verify(t.Context(), raw)
			require.ErrorIs(t, err, want)
		}
		verify(exact, nil)
		time.Sleep(time.Minute - time.Nanosecond)
		verify(exact, nil)
		time.Sleep(time.Nanosecond)
		verify(exact, token.ErrExpired)
		verify(lenient, nil)
		time.Sleep(30*time.Second - time.Nanosecond)
		verify(lenient, nil)
		time.Sleep(time.Nanosecond)
		verify(lenient, token.ErrExpired)

		later := someone
		later.NotBefore = time.Now().Add(time.Minute)
		later.ExpiresAt = later.NotBefore.Add(time.Minute)
		raw, err = newIssuer(t, set, nil).Issue(later)
		require.NoError(t, err)
		verify(lenient, token.ErrNotYetValid)
		time.Sleep(30 * time.Second)
		verify(lenient, nil)
		verify(exact, token.ErrNotYetValid)
		time.Sleep(30 * time.Second)
		verify(exact, nil)
	})
}

func TestRotationRefusesNobodyUntilTheOldKeyGoes(t *testing.T) {
	key := func(id string, m material) *token.Key {
		k, err := token.NewSecret(id, m.secret)
		require.NoError(t, err)
		return k
	}
	before, after := key("2025", honest()), key("2026", foreign())
	set, err := token.NewKeySet(before)
	require.NoError(t, err)
	issuer, verifier := newIssuer(t, set, nil), newVerifier(t, set, nil)
	issue := func() string {
		raw, err := issuer.Issue(someone)
		require.NoError(t, err)
		return raw
	}
	ok := func(raw string) error { _, err := verifier.Verify(t.Context(), raw); return err }

	first := issue()
	require.NoError(t, set.Replace(before, after)) // announce
	second := issue()
	require.NoError(t, set.Replace(after, before)) // sign with the new one
	third := issue()
	for _, raw := range []string{first, second, third} {
		require.NoError(t, ok(raw))
	}
	require.NoError(t, set.Replace(after)) // retire
	require.ErrorIs(t, ok(first), token.ErrUnknownKey)
	require.ErrorIs(t, ok(second), token.ErrUnknownKey)
	require.NoError(t, ok(third))

	require.ErrorIs(t, set.Replace(), token.ErrKey)
	require.ErrorIs(t, set.Replace(after, key("2026", honest())), token.ErrKey, "one id, two keys")
	require.NoError(t, ok(third), "a refused replacement changes nothing")
}

func TestKeysWithoutID(t *testing.T) {
	old, err := token.NewSecret("", honest().secret)
	require.NoError(t, err)
	current, err := token.NewSecret("", foreign().secret)
	require.NoError(t, err)
	set, err := token.NewKeySet(current, old)
	require.NoError(t, err)
	v := newVerifier(t, set, nil)
	good := payload(map[string]any{"aud": nil})
	for _, header := range []string{`{"alg":"HS256"}`, `{"alg":"HS256","kid":""}`} {
		_, err = v.Verify(t.Context(), forge(header, good, hs(honest().secret)))
		require.NoError(t, err)
	}
	_, err = v.Verify(t.Context(), forge(head("HS256", "hs"), good, hs(honest().secret)))
	require.ErrorIs(t, err, token.ErrUnknownKey, "a kid must be known")
}

func TestIssuerRefusesWhatAVerifierWould(t *testing.T) {
	set := honest().set(t)
	issuer := newIssuer(t, set, nil)
	for name, c := range map[string]token.Claims{
		"no tenant": {UserID: userA, Role: "user"}, "no user": {TenantID: tenantA, Role: "user"}, "no role": {TenantID: tenantA, UserID: userA},
		"long role": {TenantID: tenantA, UserID: userA, Role: strings.Repeat("r", 257)}, "control": {TenantID: tenantA, UserID: "a\nb", Role: "user"},
		"backwards": {TenantID: tenantA, UserID: userA, Role: "user", ExpiresAt: time.Now().Add(-time.Hour)},
		"audience":  {TenantID: tenantA, UserID: userA, Role: "user", Audience: []string{""}},
	} {
		_, err := issuer.Issue(c)
		require.ErrorIs(t, err, token.ErrClaims, name)
	}
	c := someone
	c.ExpiresAt = time.Now().Add(48 * time.Hour)
	_, err := issuer.Issue(c)
	require.ErrorIs(t, err, token.ErrLifetime)

	public, err := token.NewKey("", token.EdDSA, honest().ed.Public())
	require.NoError(t, err)
	onlyPublic, err := token.NewKeySet(public)
	require.NoError(t, err)
	_, err = token.NewIssuer(onlyPublic, nil)
	require.ErrorIs(t, err, token.ErrKey)
}

func TestConfigurationIsChecked(t *testing.T) {
	set := honest().set(t)
	_, err := token.NewVerifier(nil, nil)
	require.ErrorIs(t, err, token.ErrConfig)
	_, err = token.NewVerifier(set, &token.VerifierOptions{Leeway: time.Hour})
	require.ErrorIs(t, err, token.ErrConfig)
	for _, names := range []token.ClaimNames{{User: "exp"}, {User: "tenant_id"}, {Role: "aud"}} {
		_, err = token.NewVerifier(set, &token.VerifierOptions{Names: names})
		require.ErrorIs(t, err, token.ErrConfig)
	}
	_, err = token.NewIssuer(set, &token.IssuerOptions{Lifetime: time.Millisecond})
	require.ErrorIs(t, err, token.ErrConfig)
}

func TestClaimNamesOfAnotherIssuer(t *testing.T) {
	names := token.ClaimNames{Tenant: "https://x.test/org", User: "sub", Role: "scope"}
	set := honest().set(t)
	raw, err := newIssuer(t, set, &token.IssuerOptions{Names: names}).Issue(someone)
	require.NoError(t, err)
	claims, err := newVerifier(t, set, &token.VerifierOptions{Names: names}).Verify(t.Context(), raw)
	require.NoError(t, err)
	require.Equal(t, userA, claims.UserID)
	_, err = newVerifier(t, set, nil).Verify(t.Context(), raw)
	require.ErrorIs(t, err, token.ErrClaims)
}

func TestATokenForOthersIsNotForAnybody(t *testing.T) {
	set := honest().set(t)
	raw, err := newIssuer(t, set, &token.IssuerOptions{Audience: []string{"other"}}).Issue(someone)
	require.NoError(t, err)
	_, err = newVerifier(t, set, nil).Verify(t.Context(), raw)
	require.ErrorIs(t, err, token.ErrAudience)
}

func TestRevocationFailsClosed(t *testing.T) {
	set := honest().set(t)
	raw, err := newIssuer(t, set, nil).Issue(someone)
	require.NoError(t, err)
	cause := errors.New("list is down")
	for _, answer := range []struct {
		revoked bool
		err     error
		want    error
	}{{false, nil, nil}, {true, nil, token.ErrRevoked}, {false, cause, token.ErrUnavailable}, {true, cause, cause}} {
		v := newVerifier(t, set, &token.VerifierOptions{Revoked: func(context.Context, *token.Claims) (bool, error) { return answer.revoked, answer.err }})
		claims, err := v.Verify(t.Context(), raw)
		require.ErrorIs(t, err, answer.want)
		require.Equal(t, answer.want == nil, claims != nil)
	}
}

func TestUnderstoodCriticalExtensionPasses(t *testing.T) {
	v := newVerifier(t, honest().set(t), underAttack())
	_, err := v.Verify(t.Context(), forge(with(head("HS256", "hs"), `"crit":["known"],"known":1`), payload(nil), hs(honest().secret)))
	require.NoError(t, err)
}
