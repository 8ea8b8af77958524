package virustotal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// maxBody is far more than a report takes: some 200 KiB with every engine.
const maxBody = 4 << 20

// errNotFound is a 404: no such file, no such analysis.
var errNotFound = errors.New("not found")

func newClient(given *http.Client) *http.Client {
	client := &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		IdleConnTimeout:       30 * time.Second,
	}}
	if given != nil {
		*client = *given
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

func parseBase(s string) (*url.URL, error) {
	base, err := url.Parse(s)
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || !safeToCarryKey(base) {
		return nil, fmt.Errorf("%w: base URL %.100q: want https://…", scan.ErrConfig, s)
	}
	return base, nil
}

// safeToCarryKey reports whether nobody listens on the way to u.
func safeToCarryKey(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && ip != nil && ip.IsLoopback()
}

// get waits for the quota, fetches u and decodes its JSON into report.
func (s *Scanner) get(ctx context.Context, op string, u *url.URL, report any) error {
	if err := s.quota.wait(ctx, op, s.opts.MaxWait); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fail(op, fmt.Errorf("%w: %w", scan.ErrConfig, err), false)
	}
	return s.do(req, op, report)
}

// do sends req and decodes the answer. Errors hold neither the key nor a URL:
// an upload URL is a secret too.
func (s *Scanner) do(req *http.Request, op string, report any) error {
	ctx := req.Context()
	s.authorize(req)
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return transportError(ctx, op, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return transportError(ctx, op, err)
	case err != nil:
		return fail(op, fmt.Errorf("%w: a cut answer: %w", scan.ErrProtocol, err), true)
	case len(body) > maxBody:
		return fail(op, fmt.Errorf("%w: an answer of more than %d bytes", scan.ErrProtocol, maxBody), true)
	case resp.StatusCode != http.StatusOK:
		return s.statusError(op, resp, body)
	}
	if err := json.Unmarshal(body, report); err != nil {
		return fail(op, fmt.Errorf("%w: %w", scan.ErrProtocol, err), true)
	}
	return nil
}

// transportError is a request without an answer.
func transportError(ctx context.Context, op string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the URL
	}
	if ctx.Err() != nil {
		return fail(op, fmt.Errorf("%w: %w: %w", scan.ErrUnavailable, ctx.Err(), err), true)
	}
	return fail(op, fmt.Errorf("%w: %v", scan.ErrUnavailable, err), true) //nolint:errorlint // its timeout is not ctx's
}

// statusError classifies an answer other than 200.
// https://docs.virustotal.com/reference/errors
func (s *Scanner) statusError(op string, resp *http.Response, body []byte) error {
	err := s.explain(resp.StatusCode, body)
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests:
		after := retryAfter(resp.Header)
		s.quota.close(after)
		return rateLimited(op, after, err.Error())
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return fail(op, fmt.Errorf("%w: %w", scan.ErrConfig, err), false)
	case code == http.StatusNotFound:
		return fail(op, fmt.Errorf("%w: %w", errNotFound, err), true)
	case code == http.StatusRequestEntityTooLarge:
		return fail(op, fmt.Errorf("%w: %w", scan.ErrTooLarge, err), false)
	case code == http.StatusConflict, code == http.StatusFailedDependency, code >= 500:
		return fail(op, fmt.Errorf("%w: %w", scan.ErrUnavailable, err), true)
	case code == http.StatusBadRequest && strings.Contains(err.Error(), "NotAvailableYet"):
		return fail(op, err, true)
	case code == http.StatusBadRequest:
		return fail(op, err, false)
	default: // redirects, and successes that are none
		return fail(op, fmt.Errorf("%w: %w", scan.ErrProtocol, err), true)
	}
}

// explain quotes the server's own code and message, without the key should it
// come back in them.
func (s *Scanner) explain(status int, body []byte) error {
	var said struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal(body, &said) != nil || said.Error.Code == "" {
		return fmt.Errorf("status %d", status)
	}
	return fmt.Errorf("status %d: %s", status, s.redact(fmt.Sprintf("%.60s: %.200s", said.Error.Code, said.Error.Message)))
}

// retryAfter reads the header in seconds or as a date; without it, a minute is
// what the shortest quota takes.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	after := time.Minute
	if seconds, err := strconv.Atoi(value); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		after = time.Until(date)
	}
	return min(max(after, time.Second), 24*time.Hour)
}
