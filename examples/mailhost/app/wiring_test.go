package app

import (
	"bytes"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
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
	workflow, err := os.ReadFile("../../../" + testWorkflow)
	require.NoError(t, err)
	silent := filepath.Join(t.TempDir(), "w.json")
	require.NoError(t, os.WriteFile(silent, bytes.Replace(workflow, []byte(`"enableVirusScan": true,
            "urlExpirationSeconds": 3600`), []byte(`"enableVirusScan": true`), 1), 0o600))
	result, stderr, err := e.runHost(t, "-data", data, "-workflow", silent)
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
	m, err := open(t.Context(), s, nil)
	require.NoError(t, err)
	defer m.host.Close()
	page, err := m.host.Handler.List(m.host.Settings.Own(t.Context()), attachment.Query{})
	require.NoError(t, err)
	for _, record := range page.Records {
		require.Equal(t, 7*24*time.Hour, record.RetentionExpiresAt.Sub(record.CreatedAt))
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
			_, stderr, err := c.env.runHost(t, "-data", data)
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
		listener, err := (&mailhost{settings: s}).listen(t.Context())
		require.Equal(t, opens, err == nil, "%v", err)
		if err == nil {
			require.NoError(t, listener.Close())
		}
	}
}
