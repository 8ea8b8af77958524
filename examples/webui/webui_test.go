package webui_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/webui"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// site is the pages over memory. Who asks is in the header X-User: "maria", or
// "admin", or nobody.
type site struct {
	*httptest.Server
	handler *attachment.AttachmentHandler
	repo    *brittle
	end     chan struct{}
}

// brittle is a repository that can be down.
type brittle struct {
	*attachmenttest.Repository
	down error
}

func (b *brittle) List(ctx context.Context, q attachment.Query) (attachment.Page, error) {
	if b.down != nil {
		return attachment.Page{}, b.down
	}
	return b.Repository.List(ctx, q)
}

func newSite(t *testing.T, opts webui.Options) *site {
	t.Helper()
	s := &site{repo: &brittle{Repository: attachmenttest.NewRepository()}, end: make(chan struct{})}
	var err error
	s.handler, err = attachment.New(memblob.New(nil), s.repo, nil)
	require.NoError(t, err)
	opts.Done = s.end
	pages, err := webui.New(s.handler, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user := r.Header.Get("X-User"); user != "" {
				r = r.WithContext(as(user))
			}
			next.ServeHTTP(w, r)
		})
	}, &opts)
	require.NoError(t, err)
	s.Server = httptest.NewServer(pages)
	t.Cleanup(s.Close)
	return s
}

func as(user string) context.Context {
	u := tenant.User{Tenant: "acme", ID: user, Actions: []tenant.Action{tenant.Read, tenant.Write, tenant.Delete}}
	if user == "admin" {
		u.Actions = append(u.Actions, tenant.Admin)
	}
	return tenant.NewContext(context.Background(), u)
}

// put stores an attachment of a user, with a verdict unless status is "".
func (s *site) put(t *testing.T, user, messageID, name string, data []byte, status scan.Status) string {
	t.Helper()
	p, err := s.handler.Process(as(user), attachment.Input{MessageID: messageID, Filename: name, Data: bytes.NewReader(data), Size: int64(len(data))})
	require.NoError(t, err)
	s.judge(t, p.AttachmentID, status)
	return p.AttachmentID
}

func (s *site) judge(t *testing.T, id string, status scan.Status) {
	t.Helper()
	if status == "" {
		return
	}
	_, err := s.repo.SetVerdict(as("admin"), id, status, scan.Result{Threat: "Some.Threat", Engine: "test 1"}, time.Now())
	require.NoError(t, err)
}

func (s *site) get(t *testing.T, user, path string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	require.NoError(t, err)
	r.Header.Set("X-User", user)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

func TestMessages(t *testing.T) {
	s := newSite(t, webui.Options{Heading: func(_ context.Context, id string) (webui.Heading, bool) {
		return webui.Heading{Subject: "About <b>money</b>", From: "Eve \u202etxt.exe", Date: time.Unix(0, 0)}, id == "m1"
	}})
	_, empty := s.get(t, "maria", "/")
	require.Contains(t, empty, "No attachments yet")

	clean := s.put(t, "maria", "m1", "minutes.txt", []byte("minutes"), scan.StatusClean)
	s.put(t, "maria", "m1", "again.txt", []byte("minutes"), "")
	infected := s.put(t, "maria", "m2", "drill.txt", []byte("drill"), scan.StatusInfected)
	resp, page := s.get(t, "maria", "/")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Regexp(t, `script-src 'self'; style-src 'self'`, resp.Header.Get("Content-Security-Policy"))
	require.NotContains(t, resp.Header.Get("Content-Security-Policy"), "unsafe")
	require.Contains(t, page, "About &lt;b&gt;money&lt;/b&gt;")
	require.Contains(t, page, "202E⟩txt.exe")
	require.NotContains(t, page, "\u202e")
	require.Contains(t, page, `href="/api/v1/attachments/`+clean+`/download"`)
	require.NotContains(t, page, `href="/api/v1/attachments/`+infected+`/download"`)
	require.Contains(t, page, "Some.Threat, found by test 1")
	require.Equal(t, 1, strings.Count(page, "</svg>Duplicate"))
	require.NotContains(t, page, "Administration")

	_, other := s.get(t, "paul", "/")
	require.Contains(t, other, "No attachments yet", "another user's")
	_, all := s.get(t, "admin", "/")
	require.Contains(t, all, "minutes.txt")
	require.Contains(t, all, "Administration")
}

// TestEachMessageOnce walks the pages: each message is on one, with all of its
// attachments, however they came in.
func TestEachMessageOnce(t *testing.T) {
	s := newSite(t, webui.Options{})
	const messages, each = 30, 4
	for i := range each { // in turns, as a parallel workflow brings them
		for m := range messages {
			s.put(t, "maria", fmt.Sprintf("m%d", m), fmt.Sprintf("m%d-%d.txt", m, i), fmt.Appendf(nil, "%d %d", m, i), scan.StatusClean)
		}
	}
	var all strings.Builder
	pages := 0
	for path := "/"; path != ""; pages++ {
		resp, page := s.get(t, "maria", path)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		all.WriteString(page)
		_, rest, more := strings.Cut(page, `href="/?cursor=`)
		path = ""
		if more {
			cursor, _, _ := strings.Cut(rest, `"`)
			path = "/?cursor=" + cursor
		}
	}
	require.Greater(t, pages, 2)
	require.Equal(t, messages, strings.Count(all.String(), `<article class="card message"`))
	require.Equal(t, messages*each, strings.Count(all.String(), `<li class="file"`))
}

func TestAdmin(t *testing.T) {
	s := newSite(t, webui.Options{})
	s.put(t, "maria", "m1", "bad.txt", []byte("bad"), scan.StatusInfected)
	s.put(t, "maria", "m1", "good.txt", bytes.Repeat([]byte("good"), 1000), scan.StatusClean)
	s.put(t, "maria", "m2", "copy.txt", bytes.Repeat([]byte("good"), 1000), "")
	s.put(t, "maria", "m2", "new.txt", []byte("new"), "")
	gone := s.put(t, "maria", "m2", "gone.txt", []byte("gone"), scan.StatusClean)
	require.NoError(t, s.handler.Delete(as("maria"), gone))

	for show, want := range map[string]string{"": "bad.txt", "quarantine": "bad.txt", "pending": "new.txt", "clean": "good.txt", "deleted": "gone.txt"} {
		resp, page := s.get(t, "admin", "/admin?show="+show)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Contains(t, page, `data-name="`+want+`"`, show)
		require.Equal(t, want == "bad.txt", strings.Contains(page, `data-name="bad.txt"`))
		require.Contains(t, page, "4 kB<small>49 % of the whole")
		require.Contains(t, page, "oldest since")
	}
	for user, status := range map[string]int{"maria": http.StatusForbidden, "": http.StatusUnauthorized} {
		resp, _ := s.get(t, user, "/admin")
		require.Equal(t, status, resp.StatusCode)
		resp, _ = s.get(t, user, "/live/admin")
		require.Equal(t, status, resp.StatusCode)
	}
}

func TestFailures(t *testing.T) {
	s := newSite(t, webui.Options{})
	for path, status := range map[string]int{
		"/nowhere": http.StatusNotFound, "/?cursor=zzz": http.StatusBadRequest, "/admin?show=zzz": http.StatusBadRequest,
		"/thumbnails/zzz": http.StatusNotFound, "/assets/main.js": http.StatusOK, "/assets/../webui.go": http.StatusNotFound,
	} {
		resp, body := s.get(t, "admin", path)
		require.Equal(t, status, resp.StatusCode, path)
		require.NotContains(t, body, "zzz", path)
	}
	s.repo.down = &attachment.RepositoryError{Op: "list", Err: errors.New("secret-host:5432 refused")}
	resp, page := s.get(t, "maria", "/")
	require.Equal(t, http.StatusInternalServerError, resp.StatusCode)
	require.Contains(t, page, "Nothing is lost")
	require.NotContains(t, page, "5432")
}

func TestLive(t *testing.T) {
	s := newSite(t, webui.Options{Interval: time.Millisecond, MaxStreams: 2})
	id := s.put(t, "maria", "m1", "a.txt", []byte("a"), "")
	first, second := s.listen(t, "/live/messages"), s.listen(t, "/live/messages?cursor=")
	_, page := s.get(t, "maria", "/")
	revision := first()
	require.Contains(t, page, `data-revision="`+revision+`"`, "the page is up to date already")
	second()
	resp, _ := s.get(t, "maria", "/live/messages")
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)

	s.judge(t, id, scan.StatusClean)
	changed := first()
	require.NotEqual(t, revision, changed)
	_, page = s.get(t, "maria", "/")
	require.Contains(t, page, `data-revision="`+changed+`"`)

	close(s.end)
	require.Empty(t, first(), "the stream ends with the host")
}

// listen follows a stream; each call of next waits for the next revision, "" at
// the end.
func (s *site) listen(t *testing.T, path string) (next func() string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	require.NoError(t, err)
	r.Header.Set("X-User", "maria")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	return func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		return ""
	}
}

func TestLocalOnly(t *testing.T) {
	inner := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	guard, err := webui.LocalOnly(inner, "https://app.example.com", "*")
	require.NoError(t, err)
	ask := func(method, host string, header http.Header) int {
		r := httptest.NewRequest(method, (&url.URL{Scheme: "http", Host: host, Path: "/"}).String(), nil)
		r.Header = header
		w := httptest.NewRecorder()
		guard.ServeHTTP(w, r)
		return w.Code
	}
	for _, host := range []string{"127.0.0.1:8025", "localhost", "LOCALHOST:1", "[::1]:8025", "127.8.8.8"} {
		require.Equal(t, http.StatusNoContent, ask("GET", host, nil), host)
	}
	for _, host := range []string{"evil.example", "evil.example:8025", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil.example", "0.0.0.0:8025"} {
		require.Equal(t, http.StatusMisdirectedRequest, ask("GET", host, nil), host)
	}
	for header, status := range map[[2]string]int{
		{"Sec-Fetch-Site", "same-origin"}:     http.StatusNoContent,
		{"Sec-Fetch-Site", "cross-site"}:      http.StatusForbidden,
		{"Sec-Fetch-Site", "same-site"}:       http.StatusForbidden,
		{"Origin", "https://evil.example"}:    http.StatusForbidden,
		{"Origin", "null"}:                    http.StatusForbidden,
		{"Origin", "https://app.example.com"}: http.StatusNoContent,
	} {
		require.Equal(t, status, ask("POST", "127.0.0.1:8025", http.Header{header[0]: {header[1]}}), header)
	}
	require.Equal(t, http.StatusNoContent, ask("POST", "127.0.0.1:8025", nil), "no browser")
	_, err = webui.LocalOnly(inner, "not an origin")
	require.Error(t, err)
}
