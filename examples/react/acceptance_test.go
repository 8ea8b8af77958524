package react

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// TestInBrowser has Chromium use a running mailhost as a person does: the page
// of examples/webui, and this package's component on a page elsewhere. The
// scanner is clamd.
//
// SCREENSHOTS=folder keeps pictures of what it saw.
func TestInBrowser(t *testing.T) {
	browser := need(t, "chromium", "chromium")
	install(t)
	demo := buildDemo(t)
	elsewhere := httptest.NewServer(strict(http.FileServer(http.Dir(demo))))
	defer elsewhere.Close()
	gate := startGate(t, services.StartClamd(t, nil).TCP)
	base := startMailhost(t, gate.addr, elsewhere.URL)

	env := []string{
		"CHROMIUM=" + browser, "BASE=" + base, "ELSEWHERE=" + elsewhere.URL, "GATE=" + gate.control,
		"EICAR_HEX=" + hex.EncodeToString(services.EICAR()), "TMPDIR=" + t.TempDir(),
	}
	t.Run("another name", func(t *testing.T) { // that a stranger has pointed here
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base, nil)
		require.NoError(t, err)
		r.Host = "rebound.example"
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusMisdirectedRequest, response.StatusCode)
	})
	for _, name := range []string{"page", "component"} {
		t.Run(name, func(t *testing.T) { run(t, env, "node", "--test", "acceptance/"+name+".test.mjs") })
	}
}

// buildDemo builds the page that uses the component, from the built package.
func buildDemo(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	run(t, nil, "npm", "run", "--silent", "build")
	run(t, nil, "npx", "--no-install", "vite", "build", "--config", "acceptance/demo/vite.config.ts", "--outDir", dir, "--logLevel", "warn")
	return dir
}

// strict is the policy of a host that takes security seriously: the component
// must live with it.
func strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src http://127.0.0.1:*; base-uri 'none'")
		next.ServeHTTP(w, r)
	})
}

// startMailhost builds and runs the real thing on the project's test mail, and
// returns its address once that is processed.
func startMailhost(t *testing.T, clamd, origin string) (base string) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "mailhost")
	build := exec.Command("go", "build", "-o", binary, "./examples/mailhost")
	build.Dir = "../.."
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	host, port, err := net.SplitHostPort(clamd)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	mailhost := exec.CommandContext(ctx, binary, "-addr", fmt.Sprintf("127.0.0.1:%d", services.FreePort(t)), "-data", t.TempDir())
	mailhost.Dir = "../.."
	mailhost.Env = append(os.Environ(), "CLAMAV_HOST="+host, "CLAMAV_PORT="+port, "CORS_ORIGINS="+origin)
	mailhost.Cancel = func() error { return mailhost.Process.Signal(syscall.SIGTERM) }
	stderr, err := mailhost.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, mailhost.Start())

	said, all := make(chan string), &strings.Builder{}
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			said <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		stop()
		for range said {
		}
		_ = mailhost.Wait()
	})
	for line := range said {
		all.WriteString(line + "\n")
		if _, rest, ok := strings.Cut(line, "results on "); ok {
			base = strings.TrimSuffix(strings.Fields(rest)[0], "/")
		}
		if base != "" && strings.Contains(line, "attachments processed") {
			go func() {
				for range said {
				}
			}()
			return base
		}
	}
	require.Fail(t, "mailhost ended", all.String())
	return ""
}
