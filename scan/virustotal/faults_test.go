package virustotal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/virustotal"
)

const timeout = 300 * time.Millisecond

// fault is one way for VirusTotal to go wrong.
type fault struct {
	on        string // method and path prefix; the rest of the API works
	handle    http.HandlerFunc
	object    scan.Object
	hangs     bool  // nothing but the deadline ends it
	want      error // nil: no error, but Unknown
	permanent bool
}

var errAny = errors.New("any error")

// The paths of a scan with an upload, in order.
const (
	atLookup    = "GET /api/v3/files/"
	atUpload    = "POST /api/v3/files"
	atUploadURL = "GET /api/v3/files/upload_url"
	atPoll      = "GET /api/v3/analyses"
)

func faults(elsewhere string) map[string]fault {
	status := func(code int, name string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { apiError(w, code, name, "in words") }
	}
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	hang := read(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	reset := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"data":{"attributes":{`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	// report is a full report, of which one thing is wrong.
	report := func(replace, by string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			sum := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
			text := fmt.Sprintf(`{"data":{"attributes":{"sha256":%q,"size":8,"last_analysis_date":%d,"last_analysis_stats":{"malicious":0,"undetected":60}}}}`, sum, time.Now().Unix())
			_, _ = io.WriteString(w, strings.Replace(text, replace, by, 1))
		}
	}
	analysis := func(status, sum, stats string) http.HandlerFunc {
		return body(fmt.Sprintf(`{"meta":{"file_info":{"sha256":%q,"size":8}},"data":{"attributes":{"status":%q,"date":%d,"stats":%s}}}`, sum, status, time.Now().Unix(), stats))
	}
	data := []byte("12345678")
	sum := scantest.NewObject(data).SHA256
	large, unread := scantest.Zeros(33<<20, nil), scantest.Zeros(30<<20, nil)

	return map[string]fault{
		// The lookup.
		"401":                      {on: atLookup, handle: status(401, "WrongCredentialsError"), want: scan.ErrConfig, permanent: true},
		"403":                      {on: atLookup, handle: status(403, "ForbiddenError"), want: scan.ErrConfig, permanent: true},
		"400":                      {on: atLookup, handle: status(400, "BadRequestError"), want: errAny, permanent: true},
		"400 not available yet":    {on: atLookup, handle: status(400, "NotAvailableYet"), want: errAny},
		"429":                      {on: atLookup, handle: status(429, "QuotaExceededError"), want: scan.ErrRateLimited},
		"500":                      {on: atLookup, handle: status(500, "InternalError"), want: scan.ErrUnavailable},
		"503":                      {on: atLookup, handle: status(503, "TransientError"), want: scan.ErrUnavailable},
		"504":                      {on: atLookup, handle: status(504, "DeadlineExceededError"), want: scan.ErrUnavailable},
		"204":                      {on: atLookup, handle: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, want: scan.ErrProtocol},
		"418 in HTML":              {on: atLookup, handle: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusTeapot) }, want: scan.ErrProtocol},
		"redirect":                 {on: atLookup, handle: http.RedirectHandler(elsewhere, http.StatusFound).ServeHTTP, want: scan.ErrProtocol},
		"permanent redirect":       {on: atLookup, handle: http.RedirectHandler(elsewhere, http.StatusPermanentRedirect).ServeHTTP, want: scan.ErrProtocol},
		"empty body":               {on: atLookup, handle: body(""), want: scan.ErrProtocol},
		"HTML":                     {on: atLookup, handle: body("<html>captive portal</html>"), want: scan.ErrProtocol},
		"truncated JSON":           {on: atLookup, handle: body(`{"data":{"attributes":{"last_analysis_stats":{"malicious":0,"undetected":6`), want: scan.ErrProtocol},
		"two documents":            {on: atLookup, handle: body(`{"data":{}}{"data":{}}`), want: scan.ErrProtocol},
		"oversized body":           {on: atLookup, handle: body(`{"padding":"` + strings.Repeat("x", 5<<20) + `"}`), want: scan.ErrProtocol},
		"connection cut":           {on: atLookup, handle: reset, want: scan.ErrProtocol},
		"hang":                     {on: atLookup, handle: hang, hangs: true, want: scan.ErrUnavailable},
		"drip":                     {on: atLookup, handle: drip, hangs: true, want: scan.ErrUnavailable},
		"empty object":             {on: atLookup, handle: body(`{}`), want: scan.ErrProtocol},
		"null":                     {on: atLookup, handle: body(`null`), want: scan.ErrProtocol},
		"a list":                   {on: atLookup, handle: body(`{"data":[]}`), want: scan.ErrProtocol},
		"a report on another file": {on: atLookup, handle: report(sum, strings.Repeat("0", 64)), want: scan.ErrProtocol},
		"a report on another size": {on: atLookup, handle: report(`"size":8`, `"size":9`), want: scan.ErrProtocol},
		"numbers in quotes":        {on: atLookup, handle: report(`"undetected":60`, `"undetected":"60"`), want: scan.ErrProtocol},
		"negative numbers":         {on: atLookup, handle: report(`"malicious":0`, `"malicious":-1`), want: scan.ErrProtocol},
		"huge numbers":             {on: atLookup, handle: report(`"undetected":60`, `"undetected":99999999999999999999`), want: scan.ErrProtocol},

		// The upload.
		"409 on upload":             {on: atUpload, handle: status(409, "AlreadyExistsError"), want: scan.ErrUnavailable},
		"413 on upload":             {on: atUpload, handle: status(413, "PayloadTooLarge"), want: scan.ErrTooLarge, permanent: true},
		"429 on upload":             {on: atUpload, handle: status(429, "TooManyRequestsError"), want: scan.ErrRateLimited},
		"upload hangs":              {on: atUpload, handle: hang, hangs: true, want: scan.ErrUnavailable},
		"upload cut":                {on: atUpload, handle: reset, want: scan.ErrProtocol},
		"accepted unread":           {on: "", handle: acceptsUnread(unread), object: unread, want: errAny},
		"no analysis in the answer": {on: atUpload, handle: read(body(`{"data":{}}`)), want: scan.ErrProtocol},
		"upload URL elsewhere":      {on: atUploadURL, handle: body(`{"data":"` + elsewhere + `"}`), object: large, want: scan.ErrProtocol},
		"upload URL unencrypted":    {on: atUploadURL, handle: body(`{"data":"http://www.virustotal.com/_ah/upload/x"}`), object: large, want: scan.ErrProtocol},
		"upload URL missing":        {on: atUploadURL, handle: body(`{}`), object: large, want: scan.ErrProtocol},
		"the reader fails":          {object: scantest.Broken(data, 4), want: scan.ErrSource},
		"the object is short":       {object: scantest.Resized(data, 9), want: scan.ErrSource},
		"the object is long":        {object: scantest.Resized(data, 7), want: scan.ErrSource},
		"the object hangs":          {object: scantest.Stuck(data, 4), hangs: true, want: scan.ErrSource},

		// The analysis.
		"analysis never completes":  {on: atPoll, handle: analysis("queued", sum, "{}"), hangs: true, want: scan.ErrUnavailable},
		"analysis unknown":          {on: atPoll, handle: status(404, "NotFoundError"), want: errAny},
		"analysis of another file":  {on: atPoll, handle: analysis("completed", strings.Repeat("0", 64), `{"undetected":60}`), want: scan.ErrProtocol},
		"analysis in an odd status": {on: atPoll, handle: analysis("aborted", sum, `{"undetected":60}`), want: scan.ErrProtocol},
		"analysis without status":   {on: atPoll, handle: analysis("", sum, `{"undetected":60}`), want: scan.ErrProtocol},
		"analysis with empty stats": {on: atPoll, handle: analysis("completed", sum, `{}`), want: nil},
		"analysis where all failed": {on: atPoll, handle: analysis("completed", sum, `{"failure":70}`), want: nil},
		"analysis cut":              {on: atPoll, handle: reset, want: scan.ErrProtocol},
	}
}

func TestNoFaultEndsClean(t *testing.T) {
	var leaked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("x-apikey") != "" {
			leaked.Add(1)
		}
	}))
	defer elsewhere.Close()
	table := faults(elsewhere.URL)
	t.Logf("%d faults", len(table))
	for name, c := range table {
		t.Run(name, func(t *testing.T) {
			ignore := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
			f := newFake(t)
			if c.handle != nil {
				f.on(c.on, func(w http.ResponseWriter, r *http.Request) {
					if c.on == atLookup && strings.HasSuffix(r.URL.Path, "upload_url") {
						return
					}
					c.handle(w, r)
				})
			}
			if c.object.Open == nil {
				c.object = scantest.NewObject([]byte("12345678"))
			}
			opts := virustotal.Options{Upload: always, Timeout: 20 * time.Second, HTTPClient: &http.Client{Transport: &http.Transport{}}}
			if c.hangs {
				opts.Timeout = timeout
			}
			s := f.scanner(t, opts)

			var res scan.Result
			var err error
			var took time.Duration
			for range 3 { // a busy machine may be late, but not three times
				begun := time.Now()
				res, err = s.Scan(t.Context(), c.object)
				if took = time.Since(begun); took < opts.Timeout+time.Second {
					break
				}
			}
			require.Less(t, took, opts.Timeout+time.Second)
			if c.want == nil {
				require.NoError(t, err)
				require.Equal(t, scan.Unknown, res.Verdict)
				return
			}
			require.Error(t, err)
			require.NotEqual(t, scan.Clean, res.Verdict)
			require.Equal(t, !c.permanent, scan.Retryable(err), "%v", err)
			if c.want != errAny {
				require.ErrorIs(t, err, c.want)
			}
			require.NotContains(t, err.Error(), f.URL, "no URL in errors")
		})
	}
	require.Zero(t, leaked.Load(), "the key went to another host")
}

func TestA429KeepsTheNextOnesHome(t *testing.T) {
	f := newFake(t)
	f.on("", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		apiError(w, 429, "QuotaExceededError", "Quota exceeded")
	})
	s := f.scanner(t, virustotal.Options{})
	for range 3 {
		_, err := s.Scan(t.Context(), scantest.NewObject([]byte("x")))
		var e *scan.Error
		require.ErrorAs(t, err, &e)
		require.ErrorIs(t, err, scan.ErrRateLimited)
		require.InDelta(t, time.Hour, e.RetryAfter, float64(time.Minute))
	}
	require.Len(t, f.asked(), 1, "one refusal is enough")
}

// read takes the whole request first.
func read(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		next(w, r)
	}
}

// acceptsUnread takes no byte of obj and calls it clean all the same.
func acceptsUnread(obj scan.Object) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/analyses/"):
			_, _ = fmt.Fprintf(w, `{"meta":{"file_info":{"sha256":%q,"size":%d}},"data":{"attributes":{"status":"completed","date":%d,"stats":{"undetected":60}}}}`, obj.SHA256, obj.Size, time.Now().Unix())
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, `{"data":{"type":"analysis","id":"x"}}`)
		default:
			apiError(w, 404, "NotFoundError", "no such file")
		}
	}
}

func drip(w http.ResponseWriter, r *http.Request) {
	for range bytes.Repeat([]byte{' '}, 100) {
		_, _ = io.WriteString(w, " ")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(timeout / 10):
		}
	}
}
