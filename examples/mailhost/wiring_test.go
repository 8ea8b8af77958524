package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// TestEnvironmentReachesItsParts runs the main job with what needs no server,
// and looks where each variable shows.
func TestEnvironmentReachesItsParts(t *testing.T) {
	data, records := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere.db")
	e := env{
		"DATABASE_URL": records, "MAX_ATTACHMENT_SIZE": "4096", "ENABLE_VIRUS_SCAN": "false",
		"BASE_URL": "https://mail.example.com", "LINK_SIGNING_KEYS": "2026-11:Zk8vQ2nLr5xWb1yTg7mHs4dJc9pEu6aF3oKi0qRt",
		"PRESIGNED_URL_EXPIRATION_SECONDS": "60", "ATTACHMENT_RETENTION_DAYS": "7",
	}
	// What the workflow says of links would count for more.
	workflow, err := os.ReadFile("../../" + testWorkflow)
	require.NoError(t, err)
	silent := filepath.Join(t.TempDir(), "w.json")
	require.NoError(t, os.WriteFile(silent, bytes.Replace(workflow, []byte(`"enableVirusScan": true,
            "urlExpirationSeconds": 3600`), []byte(`"enableVirusScan": true`), 1), 0o600))
	result, stderr, err := e.mailhost(t, "-data", data, "-workflow", silent)
	require.NoError(t, err)
	require.FileExists(t, records)
	require.NoFileExists(t, filepath.Join(data, "records.db"))
	require.NoFileExists(t, filepath.Join(data, "link.key"))
	require.Contains(t, stderr, "NOTHING IS SCANNED")

	stored, tooLarge := 0, 0
	for _, a := range result.Attachments {
		out := a.Result.Output
		switch {
		case out != nil:
			stored++
			require.LessOrEqual(t, a.Size, int64(4096))
			require.Equal(t, "skipped", a.ScanStatus, a.Filename)
			require.Regexp(t, `^https://mail\.example\.com/api/v1/.*kid=2026-11`, out.Data.PresignedURL)
			link, err := url.Parse(out.Data.PresignedURL)
			require.NoError(t, err)
			expires, err := strconv.ParseInt(link.Query().Get("expires"), 10, 64)
			require.NoError(t, err)
			require.Less(t, expires, time.Now().Add(2*time.Minute).Unix())
		case a.Result.ErrorCode == attachment.CodeSizeLimit:
			tooLarge++
		}
	}
	require.Positive(t, stored)
	require.Positive(t, tooLarge)

	s, err := parse([]string{"-data", data}, e.get, io.Discard)
	require.NoError(t, err)
	host, err := openHost(t.Context(), s, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer host.close()
	page, err := host.handler.List(s.own(t.Context()), attachment.Query{})
	require.NoError(t, err)
	for _, record := range page.Records {
		require.Equal(t, 7*24*time.Hour, record.RetentionExpiresAt.Sub(record.CreatedAt))
	}
}

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
	virusTotal := env{"VIRUSTOTAL_API_KEY": "k3y", "VIRUSTOTAL_BASE_URL": lookups.URL}
	both := env{"CLAMAV_HOST": host, "CLAMAV_PORT": port, "VIRUSTOTAL_API_KEY": "k3y", "VIRUSTOTAL_BASE_URL": lookups.URL}

	for name, c := range map[string]struct {
		env     env
		object  scan.Object
		verdict scan.Verdict
		engine  string
	}{
		"demo":                       {env{}, known, scan.Infected, "demo"},
		"lookup knows":               {virusTotal, known, scan.Infected, "virustotal"},
		"lookup does not know":       {virusTotal, scantest.NewObject([]byte("new")), scan.Unknown, ""},
		"lookup knows, before clamd": {both, known, scan.Infected, "virustotal"},
		"clamd sees the bytes":       {both, scantest.NewObject([]byte("new")), scan.Clean, "clam"},
		"too large for clamd":        {env{"CLAMAV_HOST": host, "CLAMAV_PORT": port, "CLAMAV_MAX_SIZE": "1024"}, scantest.Zeros(1025, nil), scan.Unscannable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := parse(nil, c.env.get, io.Discard)
			require.NoError(t, err)
			scanner, err := openScanner(s, slog.New(slog.DiscardHandler))
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

// TestRefusesToStart names every variable that is wrong, and shows no secret.
func TestRefusesToStart(t *testing.T) {
	const hush = "hunter2hunter2"
	login := env{"JWT_SECRET": dressSecret, "LINK_SIGNING_KEYS": "1:" + dressSecret, "CLAMAV_HOST": "clamav"}
	for name, c := range map[string]struct {
		env  env
		want []string
	}{
		"several at once":       {env{"MAX_ATTACHMENT_SIZE": "lots", "CLAMAV_PORT": "x", "BLOB_STORAGE_TYPE": "s3", "JWT_SECRET": hush}, []string{"MAX_ATTACHMENT_SIZE", "CLAMAV_PORT", "AWS_S3_BUCKET", "JWT_SECRET", "LINK_SIGNING_KEYS", "TENANT_ID"}},
		"login, nobody's mail":  {login, []string{"TENANT_ID", "USER_ID"}},
		"database is not there": {env{"DATABASE_URL": "postgres://mail:" + hush + "@127.0.0.1:1/mail?sslmode=disable"}, []string{"127.0.0.1:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			_, stderr, err := c.env.mailhost(t, "-data", data)
			require.Error(t, err)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error()+stderr, hush)
			require.NoFileExists(t, filepath.Join(data, "records.db"))
		})
	}

	// The environment of a login opens the address; its absence does not.
	for secret, opens := range map[string]bool{"": false, dressSecret: true} {
		s, err := parse([]string{"-addr", "0.0.0.0:0"}, env{"JWT_SECRET": secret, "LINK_SIGNING_KEYS": "1:" + dressSecret, "CLAMAV_HOST": "clamav", "TENANT_ID": dressTenant, "USER_ID": dressUser}.get, io.Discard)
		require.NoError(t, err)
		listener, err := (&host{settings: s}).listen(t.Context())
		require.Equal(t, opens, err == nil, "%v", err)
		if err == nil {
			require.NoError(t, listener.Close())
		}
	}
}
