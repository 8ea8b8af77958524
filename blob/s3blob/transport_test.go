package s3blob_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// A wire stands between the SDK and a real server: it keeps every request's
// header and does as its faults say.
type wire struct {
	next http.RoundTripper

	mu       sync.Mutex
	faults   []fault
	requests []request
}

type request struct {
	op     string
	header http.Header
}

// A fault disturbs the next so many requests of one operation; -1 for all.
type fault struct {
	op    string
	times int
	do    func(next http.RoundTripper, r *http.Request) (*http.Response, error)
}

// wired returns a store whose requests all pass the wire. The SDK repeats as
// usual, but does not wait.
func wired(t testing.TB, server *services.S3, opts *s3blob.Options, faults ...fault) (*s3blob.Store, *wire) {
	t.Helper()
	w := &wire{next: &http.Transport{}, faults: faults}
	client := s3.New(newClient(t, server, w).Options(), func(o *s3.Options) {
		o.Retryer = retry.NewStandard(func(so *retry.StandardOptions) {
			so.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})
	store, err := s3blob.New(client, bucket, opts)
	require.NoError(t, err)
	return store, w
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	op := operation(r)
	w.mu.Lock()
	w.requests = append(w.requests, request{op, r.Header.Clone()})
	var do func(http.RoundTripper, *http.Request) (*http.Response, error)
	for i := range w.faults {
		if f := &w.faults[i]; f.op == op && f.times != 0 {
			f.times--
			do = f.do
			break
		}
	}
	w.mu.Unlock()
	if do != nil {
		return do(w.next, r)
	}
	return w.next.RoundTrip(r)
}

// sent counts the requests of one operation, or all of them for "".
func (w *wire) sent(op string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.requests {
		if op == "" || r.op == op {
			n++
		}
	}
	return n
}

// header returns that of the last request of op.
func (w *wire) header(t testing.TB, op string) http.Header {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.requests) - 1; i >= 0; i-- {
		if w.requests[i].op == op {
			return w.requests[i].header
		}
	}
	require.Failf(t, "no such request", "%s", op)
	return nil
}

func operation(r *http.Request) string {
	q := r.URL.Query()
	switch part, upload := q.Has("partNumber"), q.Has("uploadId"); {
	case r.Method == http.MethodPut && part && r.Header.Get("X-Amz-Copy-Source") != "":
		return "UploadPartCopy"
	case r.Method == http.MethodPut && part:
		return "UploadPart"
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		return "CopyObject"
	case r.Method == http.MethodPut:
		return "PutObject"
	case r.Method == http.MethodPost && upload:
		return "CompleteMultipartUpload"
	case r.Method == http.MethodPost:
		return "CreateMultipartUpload"
	case r.Method == http.MethodDelete && upload:
		return "AbortMultipartUpload"
	case r.Method == http.MethodDelete:
		return "DeleteObject"
	case r.Method == http.MethodHead:
		return "HeadObject"
	case q.Has("uploads"), q.Has("list-type"):
		return "List"
	}
	return "GetObject"
}

// answer replaces the server.
func answer(op string, times, status int, code string) fault {
	return fault{op, times, func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
			_ = r.Body.Close()
		}
		body := fmt.Sprintf("<Error><Code>%s</Code><Message>injected</Message></Error>", code)
		return &http.Response{
			Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {"application/xml"}}, Body: io.NopCloser(strings.NewReader(body)),
			ContentLength: int64(len(body)), Request: r,
		}, nil
	}}
}

// lose lets the server do its work and drops the answer.
func lose(op string, times int) fault {
	return fault{op, times, func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return nil, errors.New("read: connection reset by peer")
	}}
}

// cut ends an answer's body after n bytes as if that were all of it.
func cut(op string, n int64) fault {
	return fault{op, -1, func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		if err == nil {
			head, _ := io.ReadAll(io.LimitReader(response.Body, n))
			_ = response.Body.Close()
			response.Body = io.NopCloser(bytes.NewReader(head))
		}
		return response, err
	}}
}

// strip takes a header out of every answer.
func strip(op, header string) fault {
	return fault{op, -1, func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		if err == nil {
			response.Header.Del(header)
		}
		return response, err
	}}
}

// flipped damages a body without changing its length.
type flipped struct{ io.ReadCloser }

func (f flipped) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	for i := range p[:n] {
		p[i] ^= 1
	}
	return n, err
}
