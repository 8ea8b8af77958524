package host

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/hostenv"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// TestScanners asks a lookup service that knows one file, and the clamd behind
// it for everything else.
func TestScanners(t *testing.T) {
	known := scantest.NewObject(eicar.TestFile())
	lookups := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("x-apikey") != "k3y" || !strings.HasSuffix(r.URL.Path, "/files/"+known.SHA256) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error":{"code":"NotFoundError"}}`)
			return
		}
		fmt.Fprintf(w, `{"data":{"attributes":{"sha256":%q,"size":%d,"last_analysis_date":1790000000,"last_analysis_stats":{"malicious":60,"undetected":10}}}}`, known.SHA256, known.Size)
	}))
	defer lookups.Close()
	host, port, err := net.SplitHostPort(services.StartClamd(t, nil).TCP)
	require.NoError(t, err)
	virusTotal := map[string]string{"VIRUSTOTAL_API_KEY": "k3y", "VIRUSTOTAL_BASE_URL": lookups.URL}
	both := map[string]string{"CLAMAV_HOST": host, "CLAMAV_PORT": port, "VIRUSTOTAL_API_KEY": "k3y", "VIRUSTOTAL_BASE_URL": lookups.URL}

	for name, c := range map[string]struct {
		env     map[string]string
		object  scan.Object
		verdict scan.Verdict
		engine  string
	}{
		"demo":                       {map[string]string{}, known, scan.Infected, "demo"},
		"lookup knows":               {virusTotal, known, scan.Infected, "virustotal"},
		"lookup does not know":       {virusTotal, scantest.NewObject([]byte("new")), scan.Unknown, ""},
		"lookup knows, before clamd": {both, known, scan.Infected, "virustotal"},
		"clamd sees the bytes":       {both, scantest.NewObject([]byte("new")), scan.Clean, "clam"},
		"too large for clamd":        {map[string]string{"CLAMAV_HOST": host, "CLAMAV_PORT": port, "CLAMAV_MAX_SIZE": "1024"}, scantest.Zeros(1025, nil), scan.Unscannable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := hostenv.Load(func(name string) string { return c.env[name] })
			require.NoError(t, err)
			scanner, _, err := openScanner(Settings{Config: config, Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			result, err := scanner.Scan(t.Context(), c.object)
			require.NoError(t, err)
			require.Equal(t, c.verdict, result.Verdict)
			require.Contains(t, strings.ToLower(result.Engine), c.engine)
			http.DefaultClient.CloseIdleConnections()
			if closer, ok := scanner.(io.Closer); ok {
				require.NoError(t, closer.Close())
			}
		})
	}
}
