package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// stack is the whole of a host: tokens, files, SQLite, a scan pool, and the API
// behind package auth.
type stack struct {
	url    string
	issuer *token.Issuer
	files  string // the folder of the blob store
	busy   sync.WaitGroup

	mu     sync.Mutex
	events []auth.Event
	fromOS int64 // bytes that went from a file to a connection by themselves
}

const (
	tenantID = "7d9c2b1e-0f4a-4c35-9a57-1f0b6f6f3c11"
	userID   = "e2b7f3f0-5d1c-4f6e-8d0a-3a1d2c9b8e22"
)

func newStack(t testing.TB) *stack {
	t.Helper()
	s := &stack{files: t.TempDir()}
	files, err := fsblob.New(s.files, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	store := tenant.NewStore(files, nil)

	db, err := sqlrepo.OpenSQLite(filepath.Join(t.TempDir(), "records.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	repo := sqlrepo.NewSQLite(db)
	require.NoError(t, repo.Migrate(t.Context()))

	pool := scan.NewPool(scan.NewWorker(eicar.New(nil), attachment.NewLedger(store, repo), nil), nil)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = pool.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })

	links, err := blob.NewLinkSigner([]blob.LinkKey{{ID: "k1", Secret: []byte("a secret of thirty-two bytes, ok")}}, nil)
	require.NoError(t, err)
	handler, err := attachment.New(store, repo, &attachment.Options{Queue: pool, Links: links})
	require.NoError(t, err)
	api, err := httpapi.New(handler, auth.RequirePermission(tenant.Read), &httpapi.Options{
		CanAccess: auth.CanAccess, MaxFileSize: 5 << 30,
		Audit: func(ctx context.Context, e httpapi.Event) {
			auth.Annotate(ctx, "attachment_id", e.AttachmentID)
		},
	})
	require.NoError(t, err)

	server := httptest.NewUnstartedServer(counted(s.chain(t).Handler(api), &s.busy))
	server.Listener = &listener{server.Listener, s}
	server.Start()
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *stack) chain(t testing.TB) *auth.Chain {
	t.Helper()
	key, err := token.NewSecret("1", []byte("nG7!pQ2vX9#rT4mK8$wZ1bY6&cJ3hL5d"))
	require.NoError(t, err)
	keys, err := token.NewKeySet(key)
	require.NoError(t, err)
	s.issuer, err = token.NewIssuer(keys, nil)
	require.NoError(t, err)
	verifier, err := token.NewVerifier(keys, nil)
	require.NoError(t, err)
	authenticator, err := auth.NewAuthenticator(verifier, &auth.AuthenticatorOptions{Public: []string{"GET " + attachment.DownloadPath}})
	require.NoError(t, err)
	chain, err := auth.NewChain(authenticator, &auth.ChainOptions{
		CORS: &auth.CORSOptions{Origins: []string{"https://app.example.com"}}, UserLimit: ratelimit.PerMinute(100_000), AddressLimit: ratelimit.PerMinute(100_000),
		Sink: auth.SinkFunc(func(_ context.Context, e auth.Event) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e)
			return nil
		}),
	})
	require.NoError(t, err)
	return chain
}

// listener counts what its connections are handed as a piece of a file, which
// is what Linux sends without copying.
type listener struct {
	net.Listener
	s *stack
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countingConn{c.(*net.TCPConn), l.s}, nil
}

type countingConn struct {
	*net.TCPConn
	s *stack
}

func (c *countingConn) ReadFrom(src io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(src)
	if piece, ok := src.(*io.LimitedReader); ok {
		if _, ok := piece.R.(*os.File); ok {
			c.s.mu.Lock()
			c.s.fromOS += n
			c.s.mu.Unlock()
		}
	}
	return n, err
}

func (s *stack) call(t testing.TB, role, method, path, contentType string, body io.Reader) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, s.url+path, body)
	require.NoError(t, err)
	r.Header.Set("Content-Type", contentType)
	if role != "" {
		bearer, err := s.issuer.Issue(token.Claims{TenantID: tenantID, UserID: userID, Role: role})
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	s.busy.Wait()
	contract().check(t, r, response, data)
	return reply{response, string(data)}
}

func (s *stack) upload(t testing.TB, filename, content string) attachment.Processed {
	t.Helper()
	body, contentType := form(t, part{"file", filename, "application/octet-stream", content})
	r := s.call(t, "user", "POST", uploadPath, contentType, strings.NewReader(body))
	require.Equal(t, http.StatusCreated, r.StatusCode, r.body)
	return *decode[uploaded](t, r).Results[0].Data
}

// settled polls, as a client does, until there is a verdict.
func (s *stack) settled(t testing.TB, id string) scan.Status {
	t.Helper()
	var got status
	require.Eventually(t, func() bool {
		got = decode[status](t, s.call(t, "user", "GET", "/api/v1/attachments/"+id+"/scan-status", "", nil))
		return got.VirusScanStatus != scan.StatusPending
	}, 30*time.Second, 5*time.Millisecond)
	return got.VirusScanStatus
}

func TestWholeStack(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	t.Run("", func(t *testing.T) { // its cleanup comes before the look for leaks
		s := newStack(t)
		good := s.upload(t, "minutes.txt", content)
		require.Equal(t, scan.StatusClean, s.settled(t, good.AttachmentID))
		one := "/api/v1/attachments/" + good.AttachmentID
		require.Equal(t, content, s.call(t, "user", "GET", one+"/download", "", nil).body)
		require.Equal(t, content, s.call(t, "", "GET", good.PresignedURL, "", nil).body)
		require.Equal(t, 401, s.call(t, "", "GET", one+"/download", "", nil).StatusCode)
		require.Equal(t, 401, s.call(t, "", "GET", "/api/v1/nothing", "", nil).StatusCode)
		require.Equal(t, 403, s.call(t, "user", "POST", one+"/rescan", "", nil).StatusCode)
		require.Equal(t, 202, s.call(t, "admin", "POST", one+"/rescan", "", nil).StatusCode)

		virus := s.upload(t, "notes.txt", string(eicar.TestFile()))
		require.Equal(t, scan.StatusInfected, s.settled(t, virus.AttachmentID))
		s.call(t, "", "GET", virus.PresignedURL, "", nil).refused(t, http.StatusForbidden, "not_served")
		r := s.call(t, "admin", "POST", "/api/v1/attachments/"+virus.AttachmentID+"/release", "application/json", strings.NewReader(`{"reason":"a test file"}`))
		require.Equal(t, 200, r.StatusCode, r.body)
		require.Equal(t, string(eicar.TestFile()), s.call(t, "", "GET", virus.PresignedURL, "", nil).body)

		s.audited(t, "POST /api/v1/messages/{messageId}/attachments", 201, good.AttachmentID)
		s.audited(t, "GET /api/v1/attachments/{id}/download", 200, good.AttachmentID)
		s.audited(t, "GET /api/v1/attachments/download/{storageKey...}", 200, good.AttachmentID)
		s.audited(t, "POST /api/v1/attachments/{id}/release", 200, virus.AttachmentID)
		log, err := json.Marshal(s.events)
		require.NoError(t, err)
		require.NotContains(t, string(log), "sig=")

		preflight, err := http.NewRequest("OPTIONS", s.url+one, nil)
		require.NoError(t, err)
		preflight.Header.Set("Origin", "https://app.example.com")
		preflight.Header.Set("Access-Control-Request-Method", "DELETE")
		answer, err := http.DefaultTransport.RoundTrip(preflight)
		require.NoError(t, err)
		defer answer.Body.Close()
		require.Equal(t, "https://app.example.com", answer.Header.Get("Access-Control-Allow-Origin"))
	})
}

func (s *stack) audited(t testing.TB, route string, status int, id string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Route == route && e.Status == status && e.Details["attachment_id"] == id {
			return
		}
	}
	require.Fail(t, "not audited", "%s %d %s in %+v", route, status, id, s.events)
}

// TestFilesGoByThemselves: through every layer of a host, the bytes of a file
// reach the connection as a file, so that the kernel sends them, and no memory
// grows with their number.
func TestFilesGoByThemselves(t *testing.T) {
	s := newStack(t)
	download := func(size int) (allocated uint64) {
		data := bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog.\n"), size/45)
		p := s.upload(t, fmt.Sprintf("%d.txt", size), string(data))
		require.Equal(t, scan.StatusClean, s.settled(t, p.AttachmentID))
		s.mu.Lock()
		s.fromOS = 0
		s.mu.Unlock()
		allocated = allocations(func() {
			response, err := http.Get(s.url + p.PresignedURL)
			require.NoError(t, err)
			n, err := io.Copy(io.Discard, response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, int64(len(data)), n)
		})
		// The client has its last byte before the server knows how it got there.
		require.Eventually(t, func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return int64(len(data))-s.fromOS <= 512
		}, 10*time.Second, time.Millisecond, "net/http copies the beginning, and no more")
		return allocated
	}
	download(1 << 20) // what is made once
	little, much := download(2<<20), download(20<<20)
	require.Less(t, much, little+256<<10, "ten times the bytes")
}

// TestUploadsStream: what an upload takes of memory does not grow with it, and
// no temporary file is left.
func TestUploadsStream(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	s := newStack(t)
	s.uploadLarge(t, 1<<20) // what is made once
	little := allocations(func() { s.uploadLarge(t, 2<<20) })
	much := allocations(func() { s.uploadLarge(t, 24<<20) })
	require.Less(t, much, little+4<<20, "22 MiB more")
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	require.Empty(t, left)
}

// uploadLarge streams a text of size bytes in and returns the attachment's id.
func (s *stack) uploadLarge(t testing.TB, size int64) string {
	t.Helper()
	body, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"large.txt\"\r\n\r\n")
		if err == nil {
			_, err = io.CopyN(w, endless{}, size)
		}
		if err == nil {
			_, err = io.WriteString(w, "\r\n--x--\r\n")
		}
		w.CloseWithError(err)
	}()
	r := s.call(t, "user", "POST", uploadPath, "multipart/form-data; boundary=x", body)
	require.Equal(t, http.StatusCreated, r.StatusCode, r.body)
	return decode[uploaded](t, r).Results[0].Data.AttachmentID
}

// endless is a text without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "The quick brown fox jumps over the lazy dog.\n"[i%45]
	}
	return len(p), nil
}
