package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEndsInOrder tells a host to end: it says at once that it is not ready,
// serves on while the load balancer notices, and then is gone.
func TestEndsInOrder(t *testing.T) {
	production := env{
		"JWT_SECRET": dressSecret, "LINK_SIGNING_KEYS": "1:" + dressSecret, "ENABLE_VIRUS_SCAN": "false",
		"TENANT_ID": dressTenant, "USER_ID": dressUser, "SHUTDOWN_DELAY_SECONDS": "1",
	}
	base := "http://" + freeAddr(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	data, mail := t.TempDir(), "../../../testdata/mail/outlook-pdf.eml"
	go func() {
		done <- run(ctx, []string{"-data", data, "-addr", base[len("http://"):], "-mail", mail, "-workflow", "../../../" + testWorkflow},
			production.get, io.Discard, new(bytes.Buffer), nil)
	}()
	status := func(path string) int {
		resp, err := http.Get(base + path)
		if err != nil {
			return 0
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	eventually(func() bool { return status("/readyz") == http.StatusOK })
	require.Equal(t, http.StatusOK, status("/readyz"), "without a token")
	require.Equal(t, http.StatusOK, status("/healthz"))
	require.Equal(t, http.StatusNotFound, status("/metrics"), "never on the public address")

	stop()
	eventually(func() bool { return status("/readyz") != http.StatusOK })
	require.Equal(t, http.StatusServiceUnavailable, status("/readyz"))
	require.Equal(t, http.StatusOK, status("/healthz"), "it still serves")
	http.DefaultClient.CloseIdleConnections()
	require.NoError(t, <-done)
	require.Zero(t, status("/healthz"))
}

// freeAddr is an address of this machine that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return fmt.Sprint(listener.Addr())
}

// TestDoctorCommand is about its exit status; package host tests what it finds.
func TestDoctorCommand(t *testing.T) {
	data := t.TempDir()
	examine := func(e env) (string, error) {
		var stdout bytes.Buffer
		err := run(t.Context(), []string{"doctor", "-json", "-data", data}, e.get, &stdout, io.Discard, nil)
		return stdout.String(), err
	}
	found, err := examine(env{})
	require.NoError(t, err, found)
	require.Contains(t, found, `"part": "store"`)
	found, err = examine(env{"CLAMAV_HOST": "127.0.0.1", "CLAMAV_PORT": "1"})
	require.ErrorIs(t, err, errUnwell)
	require.Contains(t, found, `"grade": "fail"`)
}
