package auth_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func audited(j *journal, handler http.HandlerFunc) http.Handler {
	return auth.NewAuditor(&auth.AuditOptions{Logger: j.logger(), Sink: j}).Handler(handler)
}

func TestAuditOfADownload(t *testing.T) {
	o, j := newOffice(t), &journal{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/attachments/{id}/download", func(w http.ResponseWriter, r *http.Request) {
		auth.Annotate(r.Context(), "attachment_id", r.PathValue("id"))
		_, _ = io.WriteString(w, "twelve bytes")
	})
	chain, err := auth.NewChain(newAuthenticator(t, o, nil), &auth.ChainOptions{Logger: j.logger(), Sink: j, Proxies: proxies(t, "10.0.0.0/8")})
	require.NoError(t, err)
	r := request("GET", "/api/v1/attachments/a1/download?expires=1&sig=S3CRET", "Authorization", o.bearer(t, tenantA, userA, "admin"), "X-Forwarded-For", "203.0.113.5", "X-Request-ID", "req-7")
	r.RemoteAddr = "10.0.0.1:80"
	w := do(chain.Handler(mux), r)
	require.Equal(t, 200, w.Code)
	require.Equal(t, "req-7", w.Header().Get("X-Request-ID"))

	e := j.last(t)
	require.WithinDuration(t, time.Now(), e.Time, time.Minute)
	require.Positive(t, e.Duration)
	e.Time, e.Duration = time.Time{}, 0
	require.Equal(t, auth.Event{
		RequestID: "req-7", TenantID: tenantA, UserID: userA, Role: "admin", Method: "GET", Route: "GET /api/v1/attachments/{id}/download", Status: 200, Bytes: 12,
		ClientIP: e.ClientIP, Outcome: auth.Allowed, Details: map[string]string{"attachment_id": "a1"},
	}, e)
	require.Equal(t, "203.0.113.5", e.ClientIP.String())
	for _, piece := range []string{`"level":"INFO"`, `"request_id":"req-7"`, `"tenant":"` + tenantA, `"attachment_id":"a1"`, `"client_ip":"203.0.113.5"`, `"route":"GET /api/v1/attachments/{id}/download"`, `"status":200`, `"bytes":12`} {
		require.Contains(t, j.text(), piece)
	}
	require.NotContains(t, j.text(), "S3CRET")
	require.NotContains(t, j.text(), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	require.Equal(t, 1, strings.Count(j.text(), "\n"), "one record per request")
}

func TestAuditOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		status  int
		outcome auth.Outcome
		level   string
		reason  string
	}{
		"nothing written": {func(http.ResponseWriter, *http.Request) {}, 200, auth.Allowed, "INFO", ""},
		"redirect":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, 304, auth.Allowed, "INFO", ""},
		"early hints": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusCreated)
		}, 201, auth.Allowed, "INFO", ""},
		"first one wins": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			w.WriteHeader(http.StatusOK)
		}, 404, auth.Invalid, "INFO", ""},
		"not found": {http.NotFound, 404, auth.Invalid, "INFO", ""},
		"forbidden": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, 403, auth.Refused, "WARN", ""},
		"failure":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, 502, auth.Failed, "ERROR", ""},
		"hidden refusal": {func(w http.ResponseWriter, r *http.Request) {
			auth.NoteRefusal(r.Context(), fmt.Errorf("%w: row of another tenant", tenant.ErrForbidden))
			http.NotFound(w, r)
		}, 404, auth.Refused, "WARN", "tenant: not allowed: row of another tenant"},
	} {
		j := &journal{}
		do(audited(j, c.handler), request("GET", "/"))
		e := j.last(t)
		require.Equal(t, c.status, e.Status, name)
		require.Equal(t, c.outcome, e.Outcome, name)
		require.Equal(t, c.reason, e.Reason, name)
		require.Contains(t, j.text(), `"level":"`+c.level, name)
	}
}

func TestAuditNamesTheReasonOfARefusal(t *testing.T) {
	o, j := newOffice(t), &journal{}
	chain, err := auth.NewChain(newAuthenticator(t, o, nil), &auth.ChainOptions{Logger: j.logger(), Sink: j})
	require.NoError(t, err)
	handler := chain.Handler(auth.RequireRole("admin")(http.HandlerFunc(whoami)))
	good := o.bearer(t, tenantA, userA, "user")
	for header, reason := range map[string]string{
		"":                          "auth: no bearer token",
		"Bearer ":                   "auth: malformed credentials: not one token",
		good[:len(good)-4] + "AAAA": "token: signature is wrong",
		good:                        `tenant: not allowed: role "user"`,
	} {
		r := request("GET", "/")
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		w := do(handler, r)
		e := j.last(t)
		require.Equal(t, auth.Refused, e.Outcome)
		require.Equal(t, reason, e.Reason)
		require.Equal(t, header == good, e.UserID == userA)
		require.NotContains(t, w.Body.String(), "signature", "the client does not see the reason")
	}
}

func TestAuditOfAPanic(t *testing.T) {
	j := &journal{}
	handler := audited(j, func(http.ResponseWriter, *http.Request) { panic("boom") })
	require.PanicsWithValue(t, "boom", func() { do(handler, request("GET", "/")) })
	require.Equal(t, auth.Failed, j.last(t).Outcome)
	require.Equal(t, 500, j.last(t).Status)
	require.Equal(t, "panic", j.last(t).Reason)
}

func TestAuditSurvivesItsSink(t *testing.T) {
	j := &journal{err: errors.New("table is full")}
	w := do(audited(j, whoami), request("GET", "/"))
	require.Equal(t, 200, w.Code)
	require.Contains(t, j.text(), "audit event not kept")
	require.Equal(t, 200, do(auth.NewAuditor(nil).Handler(http.HandlerFunc(whoami)), request("GET", "/")).Code)
}

func TestAuditBlanksSecretsOut(t *testing.T) {
	o, j := newOffice(t), &journal{}
	jwt := strings.TrimPrefix(o.bearer(t, tenantA, userA, "user"), "Bearer ")
	do(audited(j, func(_ http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"sig": "S3CRET", "upload_token": "S3CRET", "X-Amz-Signature": "S3CRET", "Authorization": "S3CRET", "password": "S3CRET", "Set-Cookie": "S3CRET", "clientSecret": "S3CRET",
			"url": "https://x.test/a/b?sig=S3CRET", "path": "/download/a?S3CRET", "header": "Bearer S3CRET", "what": "got " + jwt, "S3?x=S3CRET": "v",
		} {
			auth.Annotate(r.Context(), name, value)
		}
		auth.Annotate(r.Context(), "plain", "kept")
		auth.Annotate(r.Context(), "long", strings.Repeat("ä", 1000))
		auth.NoteRefusal(r.Context(), errors.New("GET https://x.test/?X-Amz-Signature=S3CRET: refused"))
	}), request("G"+strings.Repeat("E", 1000)+"T", "/?sig=S3CRET"))
	require.NotContains(t, j.text(), "S3CRET")
	require.NotContains(t, j.text(), jwt[:20])
	require.Equal(t, "kept", j.last(t).Details["plain"])
	require.Less(t, len(j.last(t).Details["long"]), 300)
	require.Less(t, len(j.text()), 4000)
}

func TestAnnotateIsBounded(t *testing.T) {
	auth.Annotate(t.Context(), "outside", "of a request") // nothing happens
	j := &journal{}
	do(audited(j, func(_ http.ResponseWriter, r *http.Request) {
		for i := range 1000 {
			auth.Annotate(r.Context(), fmt.Sprint("k", i), "v")
		}
	}), request("GET", "/"))
	require.Len(t, j.last(t).Details, 32)
}

// A goroutine that outlives its request, against all advice, annotates while
// the event is being kept. The race detector watches.
func TestAnnotateTooLate(t *testing.T) {
	j := &journal{}
	var stray sync.WaitGroup
	stop, running := make(chan struct{}), make(chan struct{})
	do(audited(j, func(_ http.ResponseWriter, r *http.Request) {
		stray.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					auth.Annotate(r.Context(), "k", "late")
				}
				if i == 0 {
					close(running)
				}
			}
		})
		<-running
	}), request("GET", "/"))
	require.Equal(t, map[string]string{"k": "late"}, j.last(t).Details)
	close(stop)
	stray.Wait()
}

func TestRequestIDs(t *testing.T) {
	trusted := proxies(t, "10.0.0.0/8")
	var seen string
	handler := auth.RequestID(trusted)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = auth.RequestIDFrom(r.Context()) }))
	for _, c := range []struct {
		peer, sent string
		kept       bool
	}{{"10.0.0.1:1", "abc-1", true}, {"203.0.113.5:1", "abc-1", false}, {"10.0.0.1:1", "a b", false}, {"10.0.0.1:1", "x\ny", false}, {"10.0.0.1:1", strings.Repeat("x", 200), false}, {"10.0.0.1:1", "", false}} {
		r := request("GET", "/", "X-Request-ID", c.sent)
		r.RemoteAddr = c.peer
		w := do(handler, r)
		require.Equal(t, c.kept, seen == c.sent)
		require.NotEmpty(t, seen)
		require.Equal(t, seen, w.Header().Get("X-Request-ID"))
	}
	require.Empty(t, auth.RequestIDFrom(t.Context()))
}

// countingListener hands out connections that say what ReadFrom was given: on
// a *net.TCPConn a file there means sendfile.
type countingListener struct {
	net.Listener
	fromFile *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countingConn{conn.(*net.TCPConn), l.fromFile}, nil
}

type countingConn struct {
	*net.TCPConn
	fromFile *atomic.Int64
}

func (c countingConn) ReadFrom(src io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(src)
	if limited, ok := src.(*io.LimitedReader); ok {
		src = limited.R
	}
	if _, ok := src.(*os.File); ok {
		c.fromFile.Add(n)
	}
	return n, err
}

// The whole chain, on a real server, still sends a file through the kernel.
func TestTheChainKeepsSendfile(t *testing.T) {
	const size = 1 << 20
	file := filepath.Join(t.TempDir(), "blob")
	require.NoError(t, os.WriteFile(file, make([]byte, size), 0o600))
	o, j := newOffice(t), &journal{}
	chain, err := auth.NewChain(newAuthenticator(t, o, nil), &auth.ChainOptions{Sink: j})
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(chain.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })))
	var fromFile atomic.Int64
	server.Listener = countingListener{server.Listener, &fromFile}
	server.Start()
	defer server.Close()

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", o.bearer(t, tenantA, userA, "user"))
	response, err := server.Client().Do(r)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.EqualValues(t, size, n)
	server.Close() // the handler has returned
	require.EqualValues(t, size, j.last(t).Bytes)
	require.Greater(t, fromFile.Load(), int64(size-4096), "all but the beginning, which net/http looks into")
}

func TestTheAuditKeepsWhatAResponseWriterCanDo(t *testing.T) {
	j := &journal{}
	mux := http.NewServeMux()
	mux.HandleFunc("/flush", func(w http.ResponseWriter, r *http.Request) {
		_, ok := w.(http.Flusher)
		require.True(t, ok)
		_, _ = io.WriteString(w, "first")
		require.NoError(t, http.NewResponseController(w).Flush())
		require.NoError(t, http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)))
		<-r.Context().Done() // the client has seen it and gone
	})
	mux.HandleFunc("/hijack", func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		require.NoError(t, err)
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\n\r\nhello")
		_ = rw.Flush()
		_ = conn.Close()
	})
	server := httptest.NewServer(audited(j, mux.ServeHTTP))
	defer server.Close()

	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET /flush HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	body := bufio.NewReader(conn)
	for line := ""; !strings.Contains(line, "first"); line, err = body.ReadString('\n') {
		require.NoError(t, err, "the beginning arrives while the handler runs")
	}
	require.NoError(t, conn.Close())

	conn, err = net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET /hijack HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), "hello")
	server.Close()
	require.Eventually(t, func() bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		statuses := map[int]bool{}
		for _, e := range j.events {
			statuses[e.Status] = true
		}
		return statuses[200] && statuses[101]
	}, 10*time.Second, 5*time.Millisecond)
}

// A writer below that can do nothing but write.
type plainWriter struct{ http.ResponseWriter }

func TestTheAuditOverAPlainWriter(t *testing.T) {
	j := &journal{}
	below := httptest.NewRecorder()
	audited(j, func(w http.ResponseWriter, _ *http.Request) {
		n, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader("abc"))
		require.NoError(t, err)
		require.EqualValues(t, 3, n)
		_, _ = io.WriteString(w, "def")
		w.(http.Flusher).Flush()
		_, _, err = w.(http.Hijacker).Hijack()
		require.ErrorIs(t, err, http.ErrNotSupported)
		require.ErrorIs(t, http.NewResponseController(w).Flush(), http.ErrNotSupported)
	}).ServeHTTP(plainWriter{below}, request("GET", "/"))
	require.Equal(t, "abcdef", below.Body.String())
	require.EqualValues(t, 6, j.last(t).Bytes)
	require.Equal(t, 200, j.last(t).Status)
}
