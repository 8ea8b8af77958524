package virustotal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/virustotal"
)

const apiKey = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// stats is last_analysis_stats as the API has it.
type stats map[string]int

func clean() stats {
	return stats{"harmless": 0, "type-unsupported": 14, "suspicious": 0, "confirmed-timeout": 0, "timeout": 0, "failure": 1, "malicious": 0, "undetected": 61}
}

func with(name string, n int) stats {
	s := clean()
	s[name] = n
	return s
}

// file is what the fake knows of a hash.
type file struct {
	size  int64
	date  time.Time
	stats stats
	label string
}

// fake speaks API v3: files, upload_url, analyses, and its errors.
type fake struct {
	*httptest.Server

	mu       sync.Mutex
	files    map[string]file // by SHA-256
	analyses map[string]*analysis
	requests []string // method and path

	// polls is how often an analysis is not complete yet.
	polls int
	// intercept answers instead, if it returns true.
	intercept func(w http.ResponseWriter, r *http.Request) bool
}

type analysis struct {
	sha256  string
	pending int
}

func newFake(tb testing.TB) *fake {
	tb.Helper()
	f := &fake{files: map[string]file{}, analyses: map[string]*analysis{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v3/files/upload_url", func(w http.ResponseWriter, r *http.Request) {
		f.answer(w, map[string]any{"data": f.URL + "/_ah/upload/AMmfu6b-one-time"})
	})
	mux.HandleFunc("GET /api/v3/files/{sha256}", f.getFile)
	mux.HandleFunc("POST /api/v3/files", f.postFile)
	mux.HandleFunc("POST /_ah/upload/{token}", f.postFile)
	mux.HandleFunc("GET /api/v3/analyses/{id}", f.getAnalysis)
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.requests = append(f.requests, r.Method+" "+r.URL.Path)
		intercept := f.intercept
		f.mu.Unlock()
		switch {
		case intercept != nil && intercept(w, r):
		case r.Header.Get("x-apikey") == "":
			apiError(w, 401, "AuthenticationRequiredError", "X-Apikey header is missing")
		case r.Header.Get("x-apikey") != apiKey:
			apiError(w, 401, "WrongCredentialsError", "Wrong API key")
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	tb.Cleanup(f.Close)
	return f
}

// scanner asks the fake, without a quota unless opts has one.
func (f *fake) scanner(tb testing.TB, opts virustotal.Options) *virustotal.Scanner {
	tb.Helper()
	opts.BaseURL = f.URL + "/api/v3"
	if opts.PerMinute == 0 {
		opts.PerMinute, opts.PerDay = -1, -1
	}
	if opts.PollInterval == 0 {
		opts.PollInterval = time.Millisecond
	}
	s, err := virustotal.New(apiKey, &opts)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func (f *fake) know(data []byte, s stats) {
	sum := sha256.Sum256(data)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[hex.EncodeToString(sum[:])] = file{size: int64(len(data)), date: time.Now(), stats: s}
}

func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.requests...)
}

func (f *fake) getFile(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := r.PathValue("sha256")
	known, ok := f.files[sum]
	if !ok {
		apiError(w, 404, "NotFoundError", fmt.Sprintf("File %q not found", sum))
		return
	}
	attributes := map[string]any{
		"sha256": sum, "size": known.size, "type_tag": "txt", "times_submitted": 3, "reputation": 0,
		"last_analysis_date": known.date.Unix(), "last_analysis_stats": known.stats,
		"last_analysis_results": map[string]any{"ClamAV": map[string]any{"category": "undetected", "engine_name": "ClamAV", "engine_version": "1.4.6.0", "result": nil, "method": "blacklist", "engine_update": "20261122"}},
	}
	if known.label != "" {
		attributes["popular_threat_classification"] = map[string]any{"suggested_threat_label": known.label}
	}
	f.answer(w, map[string]any{"data": map[string]any{"type": "file", "id": sum, "links": map[string]string{"self": f.URL + "/api/v3/files/" + sum}, "attributes": attributes}})
}

// postFile reads the form as a stream, as a server would that takes 650 MB.
func (f *fake) postFile(w http.ResponseWriter, r *http.Request) {
	form, err := r.MultipartReader()
	if err != nil {
		apiError(w, 400, "BadRequestError", err.Error())
		return
	}
	part, err := form.NextPart()
	if err != nil || part.FormName() != "file" || part.FileName() == "" {
		apiError(w, 400, "BadRequestError", "no file")
		return
	}
	hash, start := sha256.New(), &bytes.Buffer{}
	size, err := io.Copy(hash, io.TeeReader(part, limitedBuffer{start}))
	if _, end := form.NextPart(); err != nil || end != io.EOF {
		apiError(w, 400, "BadRequestError", "cut form")
		return
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	found := clean()
	if bytes.Contains(start.Bytes(), eicar.TestFile()) {
		found["malicious"] = 62
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[sum] = file{size: size, date: time.Now(), stats: found}
	id := base64.StdEncoding.EncodeToString([]byte(sum + ":" + fmt.Sprint(time.Now().Unix())))
	f.analyses[id] = &analysis{sha256: sum, pending: f.polls}
	f.answer(w, map[string]any{"data": map[string]any{"type": "analysis", "id": id, "links": map[string]string{"self": f.URL + "/api/v3/analyses/" + id}}})
}

func (f *fake) getAnalysis(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, ok := f.analyses[r.PathValue("id")]
	if !ok {
		apiError(w, 404, "NotFoundError", "analysis not found")
		return
	}
	attributes := map[string]any{"status": "completed", "date": time.Now().Unix(), "stats": f.files[a.sha256].stats, "results": map[string]any{}}
	if a.pending > 0 {
		attributes["status"], attributes["stats"] = []string{"in-progress", "queued"}[a.pending%2], stats{}
		a.pending--
	}
	f.answer(w, map[string]any{
		"meta": map[string]any{"file_info": map[string]any{"sha256": a.sha256, "size": f.files[a.sha256].size}},
		"data": map[string]any{"type": "analysis", "id": r.PathValue("id"), "attributes": attributes},
	})
}

func (f *fake) answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(body)
}

func apiError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": code, "message": message}})
}

// limitedBuffer keeps the first 64 KiB of what is written.
type limitedBuffer struct{ b *bytes.Buffer }

func (l limitedBuffer) Write(p []byte) (int, error) {
	l.b.Write(p[:min(len(p), max(0, 64<<10-l.b.Len()))])
	return len(p), nil
}

// on intercepts requests whose method and path begin like that.
func (f *fake) on(prefix string, handle http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.Method+" "+r.URL.Path, prefix) {
			return false
		}
		handle(w, r)
		return true
	}
}
