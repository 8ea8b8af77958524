package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func TestNew(t *testing.T) {
	h, err := attachment.New(memblob.New(nil), attachmenttest.NewRepository(), nil)
	require.NoError(t, err)
	_, err = httpapi.New(nil, authenticate, nil)
	require.Error(t, err)
	_, err = httpapi.New(h, nil, nil)
	require.ErrorContains(t, err, "authentication")
	for _, o := range []httpapi.Options{
		{Prefix: "mail"}, {Prefix: "/"}, {Prefix: "/mail/"}, {Prefix: "/{x}"}, {Prefix: "/a//b"}, {Prefix: "/.."}, {Prefix: "/a b"},
		{MaxFileSize: -1}, {MaxFileSize: 1}, {MaxFileSize: 6 << 30}, {MaxRequestSize: -1}, {MaxFiles: -1}, {MaxPerMessage: 501},
		{StallTimeout: -1}, {MinRate: -1}, {LinkLifetime: 1}, {Redirect: -1},
	} {
		_, err := httpapi.New(h, authenticate, &o)
		require.Error(t, err, "%+v", o)
	}
}

func TestMethods(t *testing.T) {
	f := newFixture(t)
	for path, allow := range map[string]string{
		"/api/v1/attachments":             "GET, HEAD",
		"/api/v1/attachments/x":           "DELETE, GET, HEAD",
		"/api/v1/attachments/x/rescan":    "POST",
		"/api/v1/messages/m1/attachments": "POST",
	} {
		for _, method := range []string{"PUT", "PATCH", "OPTIONS", "TRACE", "BREW"} {
			r := f.call(t, alice, method, path)
			r.refused(t, http.StatusMethodNotAllowed, "method_not_allowed")
			require.Equal(t, allow, r.Header.Get("Allow"))
		}
	}
	for _, path := range []string{
		"/", "/api", "/api/v1", "/api/v1/nothing", "/api/v2/attachments", "/api/v1/attachments/x/y", "/api/v1/emails/attachments",
		"/api/v1/attachments/", "//api/v1/attachments", "/api/v1/attachments/download", "/api/v1/attachments/download/",
	} {
		f.call(t, alice, "GET", path).refused(t, http.StatusNotFound, "not_found")
	}
}

const testPrefix = "/mail/v3"

func TestPrefix(t *testing.T) {
	f := newFixture(t, func(s *setup) { s.api.Prefix, s.handler.BaseURL = testPrefix, testPrefix })
	p := f.clean(t, alice, "m1", "a.txt", content)
	require.Equal(t, content, f.call(t, nobody, "GET", p.PresignedURL).body)
	require.Equal(t, 200, f.call(t, alice, "GET", testPrefix+"/api/v1/attachments").StatusCode)
	r, err := http.Get(f.server.URL + "/api/v1/attachments")
	require.NoError(t, err)
	defer r.Body.Close()
	require.Equal(t, 404, r.StatusCode)
}

// TestMounted shows that a host's middleware sees which route was taken, below
// a router of its own.
func TestMounted(t *testing.T) {
	h, err := attachment.New(memblob.New(nil), attachmenttest.NewRepository(), nil)
	require.NoError(t, err)
	var route string
	api, err := httpapi.New(h, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			route = r.Pattern
			next.ServeHTTP(w, r)
		})
	}, nil)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/api/", api)
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/api/v1/attachments/x/scan-status", nil))
	require.Equal(t, "GET /api/v1/attachments/{id}/scan-status", route)
}

// TestHostileRequestLines sends what no Go client would. Nothing but an error
// comes back, and no server error.
func TestHostileRequestLines(t *testing.T) {
	f := newFixture(t)
	p := f.clean(t, alice, "m1", "a.txt", content)
	link, query, _ := strings.Cut(p.PresignedURL, "?")
	one := "/api/v1/attachments/" + p.AttachmentID
	for _, target := range []string{
		"/api/v1/attachments/../attachments", "/api/v1/./attachments", "/api//v1/attachments", "/api/v1/attachments/..", "/..",
		"/api/v1/attachments/%2e%2e/" + p.AttachmentID, "/api/v1/attachments/..%2f" + p.AttachmentID, "/api/v1/attachments%2f" + p.AttachmentID,
		one + "%00", one + "%0d%0aX:y", one + "%20", "/api/v1/attachments/" + strings.ToUpper(p.AttachmentID) + "x", one + "/download/", one + ";x=y/download",
		"/api/v1/attachments/%c0%af", "/api/v1/attachments/%ff", "/api/v1/attachments/\xff\xfe", "/api/v1/attachments/Ａ", "/api/v1/attachments/" + strings.Repeat("a", 100_000),
		"/api/v1/emails/%00/attachments", "/api/v1/emails/" + strings.Repeat("a", 100_000) + "/attachments", "/api/v1/emails/%ff/attachments", "/api/v1/emails/%2e%2e/../attachments",
		"/api/v1/attachments?limit=1%00", "/api/v1/attachments?cursor=" + strings.Repeat("%00", 1000), "/api/v1/attachments?status=%0d%0a",
		link + "%00?" + query, link + "/?" + query, link + "/..?" + query, link + "?" + strings.ToUpper(query), link + "?" + query + "&" + query,
		link + "?" + strings.Repeat("a=b&", 50_000) + query, strings.Replace(link, "acme", "acme%2f..%2fglobex", 1) + "?" + query, strings.Replace(link, "acme", "./acme", 1) + "?" + query,
		"/api/v1/attachments/download/" + strings.Repeat("a/", 10_000), "/api/v1/attachments/download/%2fetc%2fpasswd", "/api/v1/attachments/download/..%2f..%2fetc%2fpasswd?" + query,
		"*", "http://evil.test" + one + "x", "/%", "/api/v1/attachments/%zz",
	} {
		r := f.raw(t, "GET "+target+" HTTP/1.1\r\nHost: x\r\nTest-Caller: acme/alice\r\nConnection: close\r\n\r\n")
		require.GreaterOrEqual(t, r.StatusCode, 400, "%.200q: %s", target, r.body)
		require.Less(t, r.StatusCode, 500, "%.200q: %s", target, r.body)
		require.NotContains(t, r.body, content[:8])
		require.NotContains(t, r.body, "goroutine")
		require.Empty(t, r.Header.Get("Location"), "%.200q", target)
		require.Empty(t, r.Header.Get("X"))
	}
	// An escaped slash inside a key is the same key, with the same proof.
	same := strings.Replace(link, "/m1/", "%2Fm1%2F", 1) + "?" + query
	require.Equal(t, content, f.raw(t, "GET "+same+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").body)
}

// TestHostileHeaders: what net/http takes, the API survives.
func TestHostileHeaders(t *testing.T) {
	f := newFixture(t)
	p := f.clean(t, alice, "m1", "a.txt", content)
	ranges := strings.Repeat("0-0,", 60_000)
	tags := strings.Repeat(`"x",`, 60_000)
	for _, headers := range [][]string{
		{"Range", "bytes=" + ranges + "1-1"}, {"If-None-Match", tags}, {"If-Match", tags + `"` + p.ContentHash + `"`}, {"If-Range", tags},
		{"Range", "bytes=" + strings.Repeat("9", 100_000) + "-"}, {"Range", strings.Repeat("-", 100_000)}, {"X", strings.Repeat("x", 900_000)},
	} {
		r := f.call(t, nobody, "GET", p.PresignedURL, headers...)
		require.Contains(t, []int{200, 416}, r.StatusCode)
	}
	r := f.raw(t, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 2<<20)+"\r\n\r\n")
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, r.StatusCode)
}

// TestHostileFilenames: a name cannot leave its header.
func TestHostileFilenames(t *testing.T) {
	f := newFixture(t)
	for i, name := range []string{
		"a\r\nSet-Cookie: x=y.txt", "a\"; filename=\"b.txt", `a\".txt`, "a%0d%0aX: y.txt", "=?utf-8?q?a=0D=0ASet-Cookie:_x?=.txt", "\u2028.txt", "a\x00b.txt",
		"a;filename*=UTF-8''evil.txt", strings.Repeat("ü", 1000) + ".txt", "../../etc/passwd.txt", `C:\a\b.txt`, "\u202etxt.a", "'.txt", "％0a.txt",
	} {
		p, err := f.Process(ctxAs(alice), attachment.Input{MessageID: "m1", Filename: name, Data: strings.NewReader(fmt.Sprint("text ", i))})
		require.NoError(t, err, "%q", name)
		_, err = f.Release(ctxAs(admin), p.AttachmentID, "test")
		require.NoError(t, err)
		r := f.call(t, nobody, "GET", p.PresignedURL)
		require.Equal(t, 200, r.StatusCode)
		require.Empty(t, r.Header.Get("Set-Cookie"))
		require.Empty(t, r.Header.Get("X"))
		require.Len(t, r.Header.Values("Content-Disposition"), 1)
		disposition := r.Header.Get("Content-Disposition")
		require.Regexp(t, `^attachment; filename="[ !#-\[\]-~]+"(; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_|~%-]+)?$`, disposition)
		require.NotContains(t, disposition, "..")
	}
}

// raw sends bytes as they are and reads one response.
func (f *fixture) raw(t testing.TB, request string) reply {
	t.Helper()
	conn, err := net.Dial("tcp", f.server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, request) }()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return reply{response, string(body)}
}
