package httpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

const uploadPath = "/api/v1/messages/m1/attachments"

// part is a field, or with a filename a file, of a form.
type part struct {
	name, filename, mimeType, content string
}

func form(t testing.TB, parts ...part) (body string, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		header := textproto.MIMEHeader{}
		disposition := fmt.Sprintf(`form-data; name="%s"`, p.name)
		if p.filename != "" {
			disposition += fmt.Sprintf(`; filename="%s"`, p.filename)
			header.Set("Content-Type", p.mimeType)
		}
		header.Set("Content-Disposition", disposition)
		out, err := w.CreatePart(header)
		require.NoError(t, err)
		_, err = io.WriteString(out, p.content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String(), w.FormDataContentType()
}

func (f *fixture) upload(t testing.TB, caller string, parts ...part) reply {
	t.Helper()
	body, contentType := form(t, parts...)
	return f.do(t, f.request(t, caller, "POST", uploadPath, strings.NewReader(body), "Content-Type", contentType))
}

type uploaded struct {
	Error, Message string
	Results        []struct {
		Filename, Status, Error string
		ErrorCode               attachment.Code
		Retryable               *bool
		Data                    *attachment.Processed
	}
}

func text(name, content string) part { return part{"file", name, "text/plain", content} }

func TestUpload(t *testing.T) {
	f := newFixture(t)
	hash := f.store(t, mallory, "elsewhere", "a.txt", "alpha").ContentHash
	r := f.upload(t, alice,
		part{name: "contentId", content: "<logo@example.com>"}, part{name: "isInline", content: "true"},
		part{name: "csrf", content: "whatever"}, text("a.txt", "alpha"),
		part{name: "contentHash", content: strings.ToUpper(hash)}, text("Überblick;\u202e v2.txt", "alpha"),
		text("b.txt", strings.Repeat("long ", 300_000)))
	require.Equal(t, http.StatusCreated, r.StatusCode, r.body)
	got := decode[uploaded](t, r)
	require.Len(t, got.Results, 3)
	for i, result := range got.Results {
		require.Equal(t, "success", result.Status)
		require.Equal(t, scan.StatusPending, result.Data.VirusScanStatus)
		record, err := f.Get(ctxAs(alice), result.Data.AttachmentID)
		require.NoError(t, err)
		require.Equal(t, i, record.Position)
		require.Equal(t, i == 0, record.IsInline, "fields are those of the next file only")
		require.Equal(t, map[int]string{0: "<logo@example.com>"}[i], record.ContentID)
		require.Equal(t, "alice", record.UserID)
	}
	require.True(t, got.Results[1].Data.IsDeduplicated)

	// The order is kept, and what follows comes after.
	f.upload(t, alice, text("c.txt", "gamma"))
	page := decode[attachment.Page](t, f.call(t, alice, "GET", "/api/v1/emails/m1/attachments"))
	require.Len(t, page.Records, 4)
	require.Equal(t, "c.txt", page.Records[3].Filename)
	require.Equal(t, httpapi.ActionUpload, f.events[3].Action)
	require.Equal(t, "acme", f.events[3].TenantID)
	require.Equal(t, int64(5), f.events[3].Bytes)
}

func TestUploadResults(t *testing.T) {
	f := newFixture(t)
	exe := part{"file", "setup.exe", "application/octet-stream", "MZ"}

	r := f.upload(t, alice, text("a.txt", "alpha"), exe, text("b.txt", "beta"))
	require.Equal(t, http.StatusMultiStatus, r.StatusCode)
	got := decode[uploaded](t, r)
	require.Equal(t, []string{"success", "error", "success"}, []string{got.Results[0].Status, got.Results[1].Status, got.Results[2].Status})
	require.Equal(t, attachment.CodeSecurityViolation, got.Results[1].ErrorCode)
	require.False(t, *got.Results[1].Retryable)

	r = f.upload(t, alice, exe, part{name: "contentHash", content: strings.Repeat("0", 64)}, text("c.txt", "gamma"))
	r.refused(t, http.StatusUnprocessableEntity, "security_violation")
	got = decode[uploaded](t, r)
	require.Equal(t, attachment.CodeContentMismatch, got.Results[1].ErrorCode)
}

// TestUploadOfWhatWasDeleted: it is not stored, and nobody is told that it is.
func TestUploadOfWhatWasDeleted(t *testing.T) {
	f := newFixture(t)
	first := decode[uploaded](t, f.upload(t, alice, text("a.txt", "one"))).Results[0].Data
	require.Equal(t, http.StatusNoContent, f.call(t, alice, "DELETE", "/api/v1/attachments/"+first.AttachmentID).StatusCode)
	f.upload(t, alice, text("a.txt", "one")).refused(t, http.StatusConflict, "deleted")

	r := f.upload(t, alice, text("a.txt", "one"), text("b.txt", "two"))
	require.Equal(t, http.StatusMultiStatus, r.StatusCode)
	got := decode[uploaded](t, r)
	require.Contains(t, got.Results[0].Error, "restore")
	require.Equal(t, "success", got.Results[1].Status)
}

func TestUploadLimits(t *testing.T) {
	f := newFixture(t, func(s *setup) {
		s.api.MaxFileSize, s.api.MaxRequestSize, s.api.MaxFiles, s.api.MaxPerMessage = 4<<10, 64<<10, 3, 4
	})
	big := strings.Repeat("x", 5<<10)
	huge := strings.Repeat("x", 65<<10)

	r := f.upload(t, alice, text("big.txt", big), text("small.txt", "small"))
	require.Equal(t, http.StatusMultiStatus, r.StatusCode, r.body)
	got := decode[uploaded](t, r)
	require.Equal(t, attachment.CodeSizeLimit, got.Results[0].ErrorCode)
	require.Equal(t, "success", got.Results[1].Status, "the rest of what was too large is passed over")

	f.upload(t, alice, text("huge.txt", huge)).refused(t, http.StatusRequestEntityTooLarge, "size_limit_exceeded")
	body, contentType := form(t, text("one.txt", "one"), text("huge.txt", huge)) // of unknown length
	r = f.do(t, f.request(t, alice, "POST", uploadPath, io.MultiReader(strings.NewReader(body)), "Content-Type", contentType))
	got = decode[uploaded](t, r)
	require.Equal(t, http.StatusMultiStatus, r.StatusCode)
	require.Equal(t, attachment.CodeSizeLimit, got.Results[1].ErrorCode)

	r = f.upload(t, bob, text("1.txt", "1"), text("2.txt", "2"), text("3.txt", "3"), text("4.txt", "4"))
	got = decode[uploaded](t, r)
	require.Len(t, got.Results, 4)
	require.Equal(t, attachment.CodeQuotaExceeded, got.Results[2].ErrorCode, "alice's two and these two are four")
	require.Contains(t, got.Results[2].Error, "attachments")
	require.Equal(t, attachment.CodeInvalidParams, got.Results[3].ErrorCode)
	require.Contains(t, got.Results[3].Error, "more than 3 files")
	f.upload(t, bob, text("5.txt", "5")).refused(t, http.StatusRequestEntityTooLarge, "quota_exceeded")
	require.Len(t, decode[attachment.Page](t, f.call(t, admin, "GET", "/api/v1/emails/m1/attachments")).Records, 4)
}

func TestUploadRefused(t *testing.T) {
	f := newFixture(t)
	post := func(caller, contentType, body string) reply {
		return f.do(t, f.request(t, caller, "POST", uploadPath, strings.NewReader(body), "Content-Type", contentType))
	}
	good, contentType := form(t, text("a.txt", "alpha"))
	post("acme/alice/reader", contentType, good).refused(t, http.StatusForbidden, "forbidden")
	post(nobody, contentType, good).refused(t, http.StatusUnauthorized, "unauthorized")
	for _, media := range []string{"", "text/plain", "multipart/mixed; boundary=x", "application/x-www-form-urlencoded", "multipart/form-data-x; boundary=x"} {
		post(alice, media, good).refused(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
	for _, media := range []string{"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + strings.Repeat("x", 71)} {
		post(alice, media, good).refused(t, http.StatusBadRequest, "bad_request")
	}
	const x = "multipart/form-data; boundary=x"
	file := "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\n"
	for name, body := range map[string]string{
		"nothing":             "",
		"no parts":            "--x--\r\n",
		"another boundary":    "--y\r\n\r\n--y--",
		"no file":             "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--",
		"no file chosen":      "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\"\r\n\r\n\r\n--x--",
		"no disposition":      "--x\r\n\r\nb\r\n--x--",
		"other disposition":   "--x\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nb\r\n--x--",
		"cut in a header":     "--x\r\nContent-Dispo",
		"cut in a file":       file + "alpha",
		"cut in a large file": file + strings.Repeat("alpha ", 200_000),
		"large header":        "--x\r\nX: " + strings.Repeat("y", 20<<10) + "\r\n\r\nb\r\n--x--",
		"many headers":        "--x\r\n" + strings.Repeat("X: y\r\n", 20<<10) + "\r\nb\r\n--x--",
		"large field":         "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + strings.Repeat("y", 5<<10) + "\r\n--x--",
		"many fields":         strings.Repeat("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n", 65) + "--x--",
		"not a boolean":       "--x\r\nContent-Disposition: form-data; name=\"isInline\"\r\n\r\nperhaps\r\n--x--",
		"long preamble":       strings.Repeat("y\r\n", 20<<10) + "--x--",
	} {
		r := post(alice, x, body)
		require.Equal(t, http.StatusBadRequest, r.StatusCode, "%s: %s", name, r.body)
		require.Contains(t, []string{"bad_request", "invalid_params"}, decode[uploaded](t, r).Error)
	}
	require.Empty(t, decode[attachment.Page](t, f.call(t, admin, "GET", "/api/v1/attachments")).Records)
	require.Empty(t, f.jobs)
}

func TestUploadOverQuota(t *testing.T) {
	f := newFixture(t, func(s *setup) {
		var quota tenant.Memory
		require.NoError(t, quota.SetLimits("acme", tenant.Limits{MaxBytes: 3}))
		s.store = tenant.NewStore(memblob.New(nil), &tenant.StoreOptions{Manager: &quota})
	})
	r := f.upload(t, alice, text("a.txt", "alpha"))
	r.refused(t, http.StatusRequestEntityTooLarge, "quota_exceeded")
	require.Equal(t, attachment.CodeQuotaExceeded, decode[uploaded](t, r).Results[0].ErrorCode)
}

// TestStalledTransfersEnd: a client that stops sending, or receiving, is cut.
func TestStalledTransfersEnd(t *testing.T) {
	f := newFixture(t, func(s *setup) { s.api.StallTimeout, s.api.MinRate = 50*time.Millisecond, 1<<40 })
	body, stop := io.Pipe()
	defer stop.Close()
	go func() { _, _ = io.WriteString(stop, "--x\r\n") }() // and no more
	r := f.request(t, alice, "POST", uploadPath, body, "Content-Type", "multipart/form-data; boundary=x")
	f.do(t, r).refused(t, http.StatusRequestTimeout, "request_timeout")

	p := f.clean(t, alice, "m1", "large.txt", strings.Repeat("0123456789abcde\n", 2<<20))
	response, err := f.server.Client().Transport.RoundTrip(f.request(t, nobody, "GET", p.PresignedURL, nil))
	require.NoError(t, err)
	defer response.Body.Close()
	require.Eventually(t, func() bool { return f.cut() }, 30*time.Second, 10*time.Millisecond, "nobody reads, and the server gives up")
	_, err = io.Copy(io.Discard, response.Body)
	require.Error(t, err)
}

// cut reports whether a download ended before its end.
func (f *fixture) cut() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.events {
		if e.Action == httpapi.ActionDownload && !e.Complete {
			return true
		}
	}
	return false
}

func TestDownloadQuota(t *testing.T) {
	left := int64(40)
	f := newFixture(t, func(s *setup) {
		s.api.Quota = func(_ context.Context, tenantID string, n int64) error {
			if tenantID != "acme" || n > left {
				return tenant.ErrQuota
			}
			left -= n
			return nil
		}
	})
	p := f.clean(t, alice, "m1", "a.txt", content)
	require.Equal(t, 200, f.call(t, nobody, "GET", p.PresignedURL).StatusCode)
	require.Equal(t, 40-int64(len(content)), left)
	f.call(t, nobody, "GET", p.PresignedURL).refused(t, http.StatusTooManyRequests, "quota_exceeded")
	f.call(t, alice, "GET", "/api/v1/attachments/"+p.AttachmentID+"/download").refused(t, http.StatusTooManyRequests, "quota_exceeded")
	require.Equal(t, 206, f.call(t, nobody, "GET", p.PresignedURL, "Range", "bytes=0-3").StatusCode)
	require.Equal(t, 200, f.call(t, nobody, "HEAD", p.PresignedURL).StatusCode)
}
