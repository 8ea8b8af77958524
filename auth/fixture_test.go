package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

const (
	tenantA = "7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11"
	tenantB = "0b7c7c52-6f0e-4e0a-9f0c-8f4b2f7c9d33"
	userA   = "e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22"
	userB   = "1c9d1d3a-9a51-4a39-8e0e-6d2a4b0c7e44"
)

// office issues tokens and verifies them, with a key of its own.
type office struct {
	*token.Issuer
	*token.Verifier
}

func newOffice(tb testing.TB) office {
	tb.Helper()
	key, err := token.NewSecret("k1", []byte("nG7!pQ2vX9#rT4mK8$wZ1bY6&cJ3hL5d"))
	require.NoError(tb, err)
	keys, err := token.NewKeySet(key)
	require.NoError(tb, err)
	issuer, err := token.NewIssuer(keys, nil)
	require.NoError(tb, err)
	verifier, err := token.NewVerifier(keys, nil)
	require.NoError(tb, err)
	return office{issuer, verifier}
}

// bearer returns the Authorization header of a caller.
func (o office) bearer(tb testing.TB, tenantID, userID, role string) string {
	tb.Helper()
	raw, err := o.Issue(token.Claims{TenantID: tenantID, UserID: userID, Role: role})
	require.NoError(tb, err)
	return "Bearer " + raw
}

func newAuthenticator(tb testing.TB, v auth.TokenVerifier, opts *auth.AuthenticatorOptions) *auth.Authenticator {
	tb.Helper()
	a, err := auth.NewAuthenticator(v, opts)
	require.NoError(tb, err)
	return a
}

// whoami answers with the caller as handlers see him.
func whoami(w http.ResponseWriter, r *http.Request) {
	tc, err := tenant.FromContext(r.Context())
	if err != nil {
		_ = json.NewEncoder(w).Encode("nobody")
		return
	}
	_ = json.NewEncoder(w).Encode([]string{tc.TenantID(), tc.UserID()})
}

func request(method, target string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// requireError checks the whole of an error response: status, JSON and headers.
func requireError(tb testing.TB, w *httptest.ResponseRecorder, status int, code string) {
	tb.Helper()
	require.Equal(tb, status, w.Code, w.Body.String())
	var body map[string]string
	require.NoError(tb, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(tb, code, body["error"])
	require.NotEmpty(tb, body["message"])
	require.Len(tb, body, 2)
	require.Equal(tb, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
	require.Equal(tb, "no-store", w.Header().Get("Cache-Control"))
	if status == http.StatusUnauthorized {
		require.Contains(tb, w.Header().Get("WWW-Authenticate"), "Bearer realm=")
	}
}

// journal is a Sink and the log beside it.
type journal struct {
	mu     sync.Mutex
	events []auth.Event
	log    bytes.Buffer
	err    error
}

func (j *journal) Record(_ context.Context, e auth.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
	return j.err
}

// Write makes it the writer of a slog handler.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.log.Write(p)
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(j, nil)) }

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.log.String()
}

func (j *journal) last(tb testing.TB) auth.Event {
	tb.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	require.NotEmpty(tb, j.events)
	return j.events[len(j.events)-1]
}
