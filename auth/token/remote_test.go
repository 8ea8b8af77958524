package token_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
)

// publisher is an issuer's https server.
type publisher struct {
	*httptest.Server
	requests atomic.Int64
}

func publish(tb testing.TB, set *token.KeySet) *publisher {
	tb.Helper()
	p := &publisher{}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.requests.Add(1)
		document, err := set.PublicJWKS()
		if err != nil {
			http.Error(w, "broken", http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(document)
	}))
	tb.Cleanup(p.Close)
	return p
}

// origin is the issuer inside a synctest bubble, where no socket may be.
type origin struct {
	mu       sync.Mutex
	document []byte
	err      error
	delay    time.Duration
	requests int
}

func (o *origin) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests++
	select {
	case <-time.After(o.delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if o.err != nil {
		return nil, o.err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(o.document)), Request: r}, nil
}

func (o *origin) publish(tb testing.TB, keys ...*token.Key) {
	tb.Helper()
	set, err := token.NewKeySet(keys...)
	require.NoError(tb, err)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.document, err = set.PublicJWKS()
	require.NoError(tb, err)
}

func edKey(tb testing.TB, id string) *token.Key {
	tb.Helper()
	key, err := token.NewKey(id, token.EdDSA, newMaterial().ed)
	require.NoError(tb, err)
	return key
}

func TestRemoteKeysFollowRotation(t *testing.T) {
	old, fresh := edKey(t, "old"), edKey(t, "new")
	synctest.Test(t, func(t *testing.T) {
		o := &origin{}
		o.publish(t, old)
		remote, err := token.NewRemoteKeys("https://issuer.test/jwks", &token.RemoteOptions{Transport: o})
		require.NoError(t, err)
		lookup := func(kid string) error { _, err := remote.Lookup(t.Context(), token.EdDSA, kid); return err }

		require.Zero(t, o.requests, "the constructor fetches nothing")
		require.NoError(t, lookup("old"))
		time.Sleep(time.Minute)

		// An unknown key id fetches at once, and not again for a while.
		o.publish(t, old, fresh)
		require.NoError(t, lookup("new"))
		require.Equal(t, 2, o.requests)
		for range 1000 {
			require.ErrorIs(t, lookup("invented"), token.ErrUnknownKey)
		}
		require.Equal(t, 2, o.requests)
		time.Sleep(30 * time.Second)
		require.ErrorIs(t, lookup("invented"), token.ErrUnknownKey)
		require.Equal(t, 3, o.requests)

		// A withdrawn key is forgotten when the set is old.
		o.publish(t, fresh)
		require.NoError(t, lookup("old"))
		time.Sleep(15 * time.Minute)
		require.ErrorIs(t, lookup("old"), token.ErrUnknownKey)
		require.NoError(t, lookup("new"))
		require.Equal(t, 4, o.requests)
	})
}

func TestRemoteKeysOutliveAnOutageForABoundedTime(t *testing.T) {
	key := edKey(t, "k")
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		o := &origin{err: errors.New("connection refused")}
		o.publish(t, key)
		remote, err := token.NewRemoteKeys("https://issuer.test/jwks?secret=hunter2", &token.RemoteOptions{Transport: o, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		require.NoError(t, err)
		lookup := func() error { _, err := remote.Lookup(t.Context(), token.EdDSA, "k"); return err }

		for range 100 {
			require.ErrorIs(t, lookup(), token.ErrUnavailable)
		}
		require.Equal(t, 1, o.requests, "an outage is not hammered")
		require.Contains(t, log.String(), "connection refused")
		require.NotContains(t, log.String(), "hunter2")
		require.NotContains(t, lookup().Error(), "hunter2")

		o.err = nil
		time.Sleep(30 * time.Second)
		require.NoError(t, lookup(), "recovers by itself")

		o.err = errors.New("down again")
		time.Sleep(time.Hour - time.Nanosecond)
		require.NoError(t, lookup())
		time.Sleep(time.Nanosecond)
		require.ErrorIs(t, lookup(), token.ErrUnavailable, "too stale to trust")
	})
}

func TestRemoteKeysFetchOnceForManyWaiters(t *testing.T) {
	key := edKey(t, "k")
	synctest.Test(t, func(t *testing.T) {
		o := &origin{delay: 3 * time.Second}
		o.publish(t, key)
		remote, err := token.NewRemoteKeys("https://issuer.test/jwks", &token.RemoteOptions{Transport: o})
		require.NoError(t, err)

		first, giveUp := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := remote.Lookup(first, token.EdDSA, "k")
			require.NoError(t, err, "who fetches, fetches for all, and goes on")
		})
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				_, err := remote.Lookup(t.Context(), token.EdDSA, "k")
				require.NoError(t, err)
			})
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = remote.Lookup(impatient, token.EdDSA, "k")
		require.ErrorIs(t, err, token.ErrUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		giveUp()
		wg.Wait()
		require.Equal(t, 1, o.requests)

		// While an old set is fetched again, others go on with it.
		time.Sleep(20 * time.Minute)
		wg.Go(func() { _, _ = remote.Lookup(t.Context(), token.EdDSA, "k") })
		synctest.Wait()
		began := time.Now()
		_, err = remote.Lookup(t.Context(), token.EdDSA, "k")
		require.NoError(t, err)
		require.Equal(t, began, time.Now(), "did not wait")
		wg.Wait()
	})
}

func TestRemoteKeysHangIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, err := token.NewRemoteKeys("https://issuer.test/jwks", &token.RemoteOptions{Transport: &origin{delay: time.Hour}})
		require.NoError(t, err)
		began := time.Now()
		_, err = remote.Lookup(t.Context(), token.EdDSA, "k")
		require.ErrorIs(t, err, token.ErrUnavailable)
		require.Equal(t, 5*time.Second, time.Since(began))
	})
}

func TestRemoteKeysOverTLS(t *testing.T) {
	set := honest().set(t)
	document, err := set.PublicJWKS()
	require.NoError(t, err)
	var elsewhere atomic.Int64
	other := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		elsewhere.Add(1)
		_, _ = w.Write(document)
	}))
	defer other.Close()
	plain := httptest.NewServer(other.Config.Handler)
	defer plain.Close()

	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(document) })
	mux.Handle("/moved", http.RedirectHandler("/good", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/elsewhere", http.RedirectHandler(other.URL, http.StatusFound))
	mux.Handle("/plain", http.RedirectHandler(plain.URL, http.StatusFound))
	mux.HandleFunc("/missing", http.NotFound)
	mux.HandleFunc("/html", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(document) // good, if one stopped here
		for range 64 {
			_, _ = w.Write(bytes.Repeat([]byte(" "), token.MaxJWKSBytes/16))
		}
	})
	server := httptest.NewTLSServer(mux)
	defer server.Close()

	for path, want := range map[string]error{
		"/good": nil, "/moved": nil, "/loop": token.ErrUnavailable, "/elsewhere": token.ErrUnavailable, "/plain": token.ErrUnavailable,
		"/missing": token.ErrUnavailable, "/html": token.ErrUnavailable, "/endless": token.ErrUnavailable,
	} {
		remote, err := token.NewRemoteKeys(server.URL+path, &token.RemoteOptions{Transport: server.Client().Transport})
		require.NoError(t, err)
		_, err = newVerifier(t, remote, nil).Verify(t.Context(), forge(head("ES256", "es"), payload(map[string]any{"aud": nil}), es(honest().ec)))
		require.ErrorIs(t, err, want, path)
	}
	require.Zero(t, elsewhere.Load(), "no other host is asked")

	untrusted, err := token.NewRemoteKeys(server.URL+"/good", nil)
	require.NoError(t, err)
	_, err = untrusted.Lookup(t.Context(), token.ES256, "es")
	require.ErrorIs(t, err, token.ErrUnavailable, "an unknown certificate")
}

func TestRemoteKeysDoNotFollowOutOfTLS(t *testing.T) {
	var asked []string
	remote, err := token.NewRemoteKeys("https://issuer.test/jwks", &token.RemoteOptions{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {"http://issuer.test/jwks"}}, Body: http.NoBody, Request: r}, nil
	})})
	require.NoError(t, err)
	_, err = remote.Lookup(t.Context(), token.EdDSA, "k")
	require.ErrorIs(t, err, token.ErrUnavailable)
	require.Equal(t, []string{"https://issuer.test/jwks"}, asked)
}

func TestRemoteAddressMustBeHTTPS(t *testing.T) {
	for _, address := range []string{"", "issuer.test", "http://issuer.test/jwks", "file:///etc/jwks", "https://", "https:///jwks", "https://user:pw@issuer.test/", "https://issuer.test/#x", "https://:443/", "\x00"} {
		_, err := token.NewRemoteKeys(address, nil)
		require.ErrorIs(t, err, token.ErrConfig, address)
		require.False(t, strings.Contains(err.Error(), "pw"), err)
	}
}
