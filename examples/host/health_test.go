package host

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/hostenv"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// openHost is a host on this machine, with what the variables add to it.
func openHost(t *testing.T, variables map[string]string) *Host {
	t.Helper()
	h, err := Open(t.Context(), settingsOf(t, variables))
	require.NoError(t, err)
	t.Cleanup(h.Close)
	return h
}

func settingsOf(t *testing.T, variables map[string]string) Settings {
	t.Helper()
	config, err := hostenv.Load(func(name string) string { return variables[name] })
	require.NoError(t, err)
	return Settings{Config: config, Data: filepath.Join(t.TempDir(), "data"), Logger: slog.New(slog.DiscardHandler)}
}

func get(t *testing.T, h *Host, path string) (status int, body string) {
	t.Helper()
	answer := httptest.NewRecorder()
	h.Health().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer.Code, answer.Body.String()
}

// TestReady takes the parts away one at a time.
func TestReady(t *testing.T) {
	postgres, daemon := services.StartPostgres(t, false), services.StartClamd(t, nil)
	h := openHost(t, map[string]string{"DATABASE_URL": postgres.NewDatabase(t), "CLAMAV_HOST": "unix://" + daemon.Unix})
	fresh := func() readiness {
		t.Helper()
		h.prober.at = time.Time{}
		status, body := get(t, h, "/readyz")
		var state readiness
		require.NoError(t, json.Unmarshal([]byte(body), &state))
		require.Equal(t, state.Ready, status == http.StatusOK, body)
		require.NotContains(t, body, "/", "no addresses")
		return state
	}
	parts := func(database, store, scanner string) map[string]string {
		return map[string]string{"database": database, "store": store, "scanner": scanner}
	}
	require.Equal(t, readiness{true, parts("ok", "ok", "ok")}, fresh())

	daemon.Kill()
	require.Equal(t, "unreachable", fresh().Parts["scanner"])
	postgres.Kill()
	require.Equal(t, readiness{false, parts("unreachable", "ok", "unreachable")}, fresh())

	status, _ := get(t, h, "/healthz")
	require.Equal(t, http.StatusOK, status, "alive without any of them")
}

// TestStoreGone is about S3, which can go away under a host that runs.
func TestStoreGone(t *testing.T) {
	s3 := services.StartS3(t, "mail")
	h := openHost(t, map[string]string{
		"BLOB_STORAGE_TYPE": "s3", "AWS_S3_BUCKET": "mail", "AWS_S3_REGION": "us-east-1", "AWS_S3_ENDPOINT": s3.Endpoint,
		"AWS_ACCESS_KEY_ID": s3.AccessKey, "AWS_SECRET_ACCESS_KEY": s3.SecretKey,
	})
	status, body := get(t, h, "/readyz")
	require.Equal(t, http.StatusOK, status, body)
	s3.Kill()
	_, again := get(t, h, "/readyz")
	require.Equal(t, body, again, "repeated for a second")
	h.prober.at = time.Time{}
	status, body = get(t, h, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.JSONEq(t, `{"ready":false,"parts":{"database":"ok","store":"unreachable"}}`, body)
}

func TestDrain(t *testing.T) {
	h := openHost(t, nil)
	status, _ := get(t, h, "/readyz")
	require.Equal(t, http.StatusOK, status)
	h.Drain()
	status, body := get(t, h, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status, "at once, whatever was found a moment ago")
	require.JSONEq(t, `{"ready":false}`, body)
	status, _ = get(t, h, "/healthz")
	require.Equal(t, http.StatusOK, status)
}
