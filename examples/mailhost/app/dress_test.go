package app

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/outcome"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

const (
	dressTenant = "7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11"
	dressUser   = "e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22"
	dressSecret = "dm2XbT0qYw9sUe7rKc4hPz1vNf8jLg5aR3oQiE6tBk"
	dressOrigin = "https://app.example.com"
)

// A stage is one machine room: every service that the environment can name.
type stage struct {
	postgres *services.Postgres
	s3       *services.S3
	clamd    *services.Clamd
	redis    *services.Redis
}

func newStage(t *testing.T, buckets ...string) stage {
	t.Helper()
	return stage{services.StartPostgres(t, false), services.StartS3(t, buckets...), services.StartClamd(t, nil), services.StartRedis(t)}
}

// dress is the environment of a production host. Its database is new, and its
// role there is nobody special.
func (st stage) dress(t *testing.T, bucket string) env {
	t.Helper()
	host, port, err := net.SplitHostPort(st.clamd.TCP)
	require.NoError(t, err)
	return env{
		"DATABASE_URL": st.database(t), "REDIS_URL": "redis://" + st.redis.Addr,
		"CLAMAV_HOST": host, "CLAMAV_PORT": port, "ENABLE_VIRUS_SCAN": "true",
		"BLOB_STORAGE_TYPE": "s3", "AWS_S3_ENDPOINT": st.s3.Endpoint, "AWS_S3_BUCKET": bucket, "AWS_S3_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": st.s3.AccessKey, "AWS_SECRET_ACCESS_KEY": st.s3.SecretKey,
		"JWT_SECRET": dressSecret, "JWT_ISSUER": "https://login.example.com", "JWT_AUDIENCE": "mailhost",
		"LINK_SIGNING_KEYS": "2026-11:Zk8vQ2nLr5xWb1yTg7mHs4dJc9pEu6aF3oKi0qRt", "CORS_ORIGINS": dressOrigin,
		"TENANT_ID": dressTenant, "USER_ID": dressUser, "PRESIGNED_URL_EXPIRATION_SECONDS": "900",
	}
}

// database is a new one, owned by a role without any other right.
func (st stage) database(t *testing.T) string {
	t.Helper()
	url := st.postgres.NewDatabase(t)
	role, roleURL := st.postgres.NewRole(t, url)
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("GRANT CREATE ON SCHEMA public TO " + role)
	require.NoError(t, err)
	return roleURL
}

// bearer is a token as the issuer of the dress would make it.
func bearer(t *testing.T, tenantID, userID string) string {
	t.Helper()
	key, err := token.NewSecret("", []byte(dressSecret))
	require.NoError(t, err)
	keys, err := token.NewKeySet(key)
	require.NoError(t, err)
	issuer, err := token.NewIssuer(keys, &token.IssuerOptions{Issuer: "https://login.example.com", Audience: []string{"mailhost"}})
	require.NoError(t, err)
	raw, err := issuer.Issue(token.Claims{TenantID: tenantID, UserID: userID, Role: "user"})
	require.NoError(t, err)
	return raw
}

// TestFullDress runs the main job as a production host does, on an address
// that others can reach, and then calls it as a client does.
func TestFullDress(t *testing.T) {
	production := newStage(t, "mail").dress(t, "mail")
	base, result, log := serving(t, production)
	second, again, _ := serving(t, production)
	require.Equal(t, table(result), table(again))
	checkMail(t, result)
	for _, a := range result.Attachments {
		if out := a.Result.Output; out != nil {
			require.Contains(t, out.Data.VirusScanDetails.Engine, "clam", a.Filename)
			require.True(t, strings.HasPrefix(out.Data.PresignedURL, "/api/v1/"), "%s: without BASE_URL a link is a path", out.Data.PresignedURL)
		}
	}

	clean, infected := pick(t, result, "clean"), pick(t, result, "infected")
	message := base + "/api/v1/emails/" + clean.MessageID + "/attachments"

	t.Run("login", func(t *testing.T) {
		require.Equal(t, http.StatusUnauthorized, call(t, message, "").StatusCode)
		require.Equal(t, http.StatusUnauthorized, call(t, message, "eyJhbGciOiJub25lIn0.e30.").StatusCode)
		answer := call(t, message, bearer(t, dressTenant, dressUser))
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Contains(t, answer.body, clean.Result.Output.Data.AttachmentID)

		stranger := call(t, base+"/api/v1/attachments/"+clean.Result.Output.Data.AttachmentID, bearer(t, "11111111-2222-4333-8444-555555555555", dressUser))
		require.Equal(t, http.StatusNotFound, stranger.StatusCode, "another tenant's user")
		require.Equal(t, http.StatusNotFound, call(t, base+"/", "").StatusCode, "no demo page behind a login")
	})
	t.Run("links", func(t *testing.T) {
		answer := call(t, base+clean.Result.Output.Data.PresignedURL, "")
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Len(t, answer.body, int(clean.Size))
		require.Equal(t, http.StatusForbidden, call(t, base+clean.Result.Output.Data.PresignedURL+"0", "").StatusCode, "a changed link")
		require.Equal(t, http.StatusForbidden, call(t, base+infected.Result.Output.Data.PresignedURL, "").StatusCode)
	})
	t.Run("another page", func(t *testing.T) {
		for origin, allowed := range map[string]string{dressOrigin: dressOrigin, "https://evil.example": ""} {
			preflight, err := http.NewRequest(http.MethodOptions, message, nil)
			require.NoError(t, err)
			preflight.Header.Set("Origin", origin)
			preflight.Header.Set("Access-Control-Request-Method", "GET")
			preflight.Header.Set("Access-Control-Request-Headers", "authorization")
			require.Equal(t, allowed, send(t, preflight).Header.Get("Access-Control-Allow-Origin"))
		}
	})
	t.Run("limit", func(t *testing.T) {
		// Both hosts count in one Redis; the first has served this user one
		// request.
		user, statuses := bearer(t, dressTenant, dressUser), map[int]int{}
		for range 50 {
			statuses[call(t, strings.Replace(message, base, second, 1), user).StatusCode]++
		}
		require.Equal(t, map[int]int{http.StatusOK: 49, http.StatusTooManyRequests: 1}, statuses)
		require.Equal(t, http.StatusTooManyRequests, call(t, message, user).StatusCode, "the first host knows as well")
	})
	t.Run("audit", func(t *testing.T) {
		text := log()
		require.Contains(t, text, `"outcome":"refused"`)
		require.Contains(t, text, dressUser)
		require.NotContains(t, text, "bypasses row-level security")
		for _, name := range []string{"JWT_SECRET", "AWS_SECRET_ACCESS_KEY", "LINK_SIGNING_KEYS"} {
			require.NotContains(t, text, production[name], name)
		}
		require.NotContains(t, text, "sig=")
	})
}

// serving starts a host in this process, and returns its address and its
// report once the mail is processed. log is what it has written so far.
func serving(t *testing.T, e env) (base string, result outcome.Report, log func() string) {
	t.Helper()
	t.Chdir("../../..")
	stdout, stdin := io.Pipe()
	stderr, data := &lockedLog{}, t.TempDir()
	log = stderr.String
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-json", "-addr", "0.0.0.0:0", "-data", data}, e.get, stdin, stderr, nil)
	}()
	ended := false
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		if !ended {
			require.NoError(t, <-done)
		}
	})
	printed := make(chan error, 1)
	go func() { printed <- json.NewDecoder(stdout).Decode(&result) }()
	select {
	case err := <-printed:
		require.NoError(t, err)
	case err := <-done:
		ended = true
		_ = stdin.Close()
		require.Fail(t, "the host ended", "%v\n%s", err, log())
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	t.Cleanup(func() { _ = stdin.Close() })
	t.Chdir("examples/mailhost/app")

	lines := bufio.NewScanner(strings.NewReader(log()))
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "results on http://"); ok {
			_, port, err := net.SplitHostPort(strings.TrimSuffix(strings.Fields(rest)[0], "/"))
			require.NoError(t, err)
			return "http://127.0.0.1:" + port, result, log
		}
	}
	require.Fail(t, "no address", log())
	return "", result, log
}

// lockedLog may be read while a host still writes.
type lockedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

type answered struct {
	*http.Response
	body string
}

func call(t *testing.T, url, bearer string) answered {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	return send(t, request)
}

func send(t *testing.T, request *http.Request) answered {
	t.Helper()
	resp, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answered{resp, string(body)}
}

// pick returns an attachment of that scan status whose message is addressable
// as it stands.
func pick(t *testing.T, r outcome.Report, status string) outcome.Row {
	t.Helper()
	for _, a := range r.Attachments {
		if a.ScanStatus == status && a.Size > 0 && !strings.ContainsAny(a.MessageID, "/?#% ") {
			return a
		}
	}
	require.Fail(t, "no attachment is "+status)
	return outcome.Row{}
}

// TestTerminated sends SIGTERM once the store holds so and so many blobs: the
// host says that it was interrupted, and the next run ends in the same table
// as one that was left in peace.
func TestTerminated(t *testing.T) {
	st := newStage(t, "calm", "early", "late")
	calm, _, err := st.dress(t, "calm").runHost(t, "-data", t.TempDir())
	require.NoError(t, err)
	total := st.blobs(t, "calm")

	for bucket, after := range map[string]int{"early": 1, "late": total / 2} {
		production := st.dress(t, bucket)
		var stdout, stderr bytes.Buffer
		child := production.child(t, "-parallel", "1", "-data", t.TempDir())
		child.Stdout, child.Stderr = &stdout, &stderr
		require.NoError(t, child.Start())
		eventually(func() bool { return st.blobs(t, bucket) >= after })
		require.NoError(t, child.Process.Signal(syscall.SIGTERM))
		require.Error(t, child.Wait(), "whoever waits must not take it for done")
		require.Contains(t, stderr.String(), errInterrupted.Error())
		require.NotContains(t, stderr.String(), "panic")
		require.Empty(t, stdout.String())
		require.Less(t, st.blobs(t, bucket), total, "the run was over already")

		data := t.TempDir()
		next, _, err := production.runHost(t, "-data", data)
		require.NoError(t, err)
		checkMail(t, next)
		require.Equal(t, table(calm), table(next))
		require.Equal(t, total, st.blobs(t, bucket), "nothing twice, nothing half")
	}
}

// blobs counts the objects of a bucket.
func (st stage) blobs(t *testing.T, bucket string) (n int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(filepath.Join(st.s3.Dir, bucket), func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return filepath.SkipDir // the server's own: unfinished uploads
			}
			return nil
		}
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return nil // what goes while we look was no blob
	}))
	return n
}
