package token_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

func TestAttacks(t *testing.T) {
	// Whatever dials, other than to the key set the host has named, fails the
	// test: through the default transport, or to the attacker's server.
	var outbound atomic.Int64
	attacker := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { outbound.Add(1) }))
	defer attacker.Close()
	defaultTransport := http.DefaultTransport
	http.DefaultTransport = roundTrip(func(*http.Request) (*http.Response, error) {
		outbound.Add(1)
		return nil, errors.New("no connection in this test")
	})
	defer func() { http.DefaultTransport = defaultTransport }()

	set := honest().set(t)
	publisher := publish(t, set)
	remote, err := token.NewRemoteKeys(publisher.URL, &token.RemoteOptions{Transport: publisher.Client().Transport})
	require.NoError(t, err)

	// No attack needs a secret that a remote set lacks: what fails on a
	// signature by a secret fails there for the want of a key.
	for name, keys := range map[string]token.Keys{"static": set, "remote": remote} {
		v := newVerifier(t, keys, underAttack())
		table := attacks(t, attacker.URL)
		require.Greater(t, len(table), 80)
		t.Logf("%s keys: %d attacks", name, len(table))
		for _, alg := range []string{"RS256 rs", "PS256 ps", "ES256 es", "EdDSA ed"} {
			kind, kid, _ := strings.Cut(alg, " ")
			sign := map[string]signer{"rs": rs(honest().rsa), "ps": ps(honest().pss), "es": es(honest().ec), "ed": ed(honest().ed)}[kid]
			_, err := v.Verify(t.Context(), forge(head(kind, kid), payload(nil), sign))
			require.NoError(t, err, "the control must pass, or the table proves nothing")
		}
		for _, a := range table {
			claims, err := v.Verify(t.Context(), a.raw)
			require.Error(t, err, a.name)
			require.Nil(t, claims, a.name)
			if name == "static" {
				require.ErrorIs(t, err, a.want, a.name)
			}
			require.Less(t, len(err.Error()), 300, a.name)
		}
	}
	require.Zero(t, outbound.Load(), "outbound connections")
	require.EqualValues(t, 1, publisher.requests.Load(), "the key set is fetched once, whatever key ids are invented")
}

// underAttack adds one extension, so that crit has something to be right about.
func underAttack() *token.VerifierOptions {
	return &token.VerifierOptions{
		Issuer: issuerA, Audience: ours,
		Critical: map[string]func(json.RawMessage) error{"known": func(value json.RawMessage) error {
			if string(value) != "1" {
				return errors.New("not 1")
			}
			return nil
		}},
		Revoked: func(_ context.Context, c *token.Claims) (bool, error) {
			if c.ID == "down" {
				return false, errors.New("no answer")
			}
			return c.ID == "revoked", nil
		},
	}
}

// A refused token costs a small multiple of the cap on its length, also where
// it claims to be giant. TotalAlloc counts every byte ever allocated.
func TestAttacksAllocateLittle(t *testing.T) {
	v := newVerifier(t, honest().set(t), underAttack())
	for _, a := range attacks(t, "http://127.0.0.1:1") {
		var before, after runtime.MemStats
		const runs = 10
		_, _ = v.Verify(t.Context(), a.raw)
		runtime.ReadMemStats(&before)
		for range runs {
			_, _ = v.Verify(t.Context(), a.raw)
		}
		runtime.ReadMemStats(&after)
		require.Less(t, (after.TotalAlloc-before.TotalAlloc)/runs, uint64(256<<10), a.name)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
