package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

type status struct {
	AttachmentID     string
	VirusScanStatus  scan.Status
	VirusScanDetails *scan.Result
}

func TestScanStatus(t *testing.T) {
	f := newFixture(t)
	p := f.store(t, alice, "m1", "a.txt", content)
	path := "/api/v1/attachments/" + p.AttachmentID
	r := f.call(t, alice, "GET", path+"/scan-status")
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Equal(t, "2", r.Header.Get("Retry-After"))
	require.Equal(t, status{p.AttachmentID, scan.StatusPending, nil}, decode[status](t, r))

	f.settle(t, alice, p.AttachmentID, scan.StatusInfected)
	r = f.call(t, alice, "GET", path+"/scan-status")
	require.Empty(t, r.Header.Get("Retry-After"))
	require.Equal(t, scan.StatusInfected, decode[status](t, r).VirusScanStatus)
	require.Equal(t, "by a test", decode[status](t, r).VirusScanDetails.Detail)
	f.call(t, bob, "GET", path+"/scan-status").refused(t, http.StatusNotFound, "not_found")
}

func (f *fixture) post(t testing.TB, caller, path, body string) reply {
	t.Helper()
	return f.do(t, f.request(t, caller, "POST", path, strings.NewReader(body), "Content-Type", "application/json"))
}

func TestAdminActions(t *testing.T) {
	f := newFixture(t)
	p := f.store(t, alice, "m1", "a.txt", content)
	path := "/api/v1/attachments/" + p.AttachmentID
	f.settle(t, alice, p.AttachmentID, scan.StatusInfected)
	f.jobs = nil
	for _, action := range []string{"/rescan", "/release", "/quarantine", "/restore"} {
		for caller, want := range map[string]int{alice: 403, bob: 404, mallory: 404, nobody: 401} {
			require.Equal(t, want, f.post(t, caller, path+action, `{"reason":"because"}`).StatusCode, "%s %s", caller, action)
		}
	}
	f.call(t, nobody, "GET", p.PresignedURL).refused(t, http.StatusForbidden, "not_served")
	require.Empty(t, f.jobs)
	require.Empty(t, f.events)

	r := f.call(t, admin, "POST", path+"/rescan")
	require.Equal(t, http.StatusAccepted, r.StatusCode)
	require.Equal(t, "2", r.Header.Get("Retry-After"))
	require.Equal(t, scan.StatusInfected, decode[status](t, r).VirusScanStatus)
	require.Len(t, f.jobs, 1)

	r = f.post(t, admin, path+"/release", `{"reason":"a test\nfile"}`)
	require.Equal(t, http.StatusOK, r.StatusCode, r.body)
	require.Equal(t, scan.StatusSkipped, decode[status](t, r).VirusScanStatus)
	require.Equal(t, "released by root: a test file", decode[status](t, r).VirusScanDetails.Detail)
	require.Equal(t, content, f.call(t, nobody, "GET", p.PresignedURL).body)

	require.Equal(t, http.StatusOK, f.post(t, admin, path+"/quarantine", `{"reason":"after all"}`).StatusCode)
	f.call(t, nobody, "GET", p.PresignedURL).refused(t, http.StatusForbidden, "not_served")

	require.Equal(t, http.StatusNoContent, f.call(t, alice, "DELETE", path).StatusCode)
	f.call(t, alice, "POST", path+"/restore").refused(t, http.StatusNotFound, "not_found")
	require.Len(t, decode[attachment.Page](t, f.call(t, admin, "GET", "/api/v1/attachments?deleted=true")).Records, 1)
	f.call(t, alice, "GET", "/api/v1/attachments?deleted=true").refused(t, http.StatusForbidden, "forbidden")
	require.Equal(t, http.StatusOK, f.call(t, admin, "POST", path+"/restore").StatusCode)
	require.Equal(t, http.StatusOK, f.call(t, alice, "GET", path).StatusCode)

	var actions []httpapi.Action
	for _, e := range f.events {
		actions = append(actions, e.Action)
		require.Equal(t, p.AttachmentID, e.AttachmentID)
	}
	require.Equal(t, []httpapi.Action{"rescan", "release", "download", "quarantine", "delete", "restore"}, actions)
	require.Equal(t, "a test\nfile", f.events[1].Reason)
	require.Equal(t, "link", f.events[2].UserID)
}

func TestReasons(t *testing.T) {
	f := newFixture(t)
	p := f.clean(t, alice, "m1", "a.txt", content)
	path := "/api/v1/attachments/" + p.AttachmentID + "/quarantine"
	release := "/api/v1/attachments/" + p.AttachmentID + "/release"
	f.post(t, admin, release, `{}`).refused(t, http.StatusBadRequest, "invalid_params")
	f.call(t, admin, "POST", release).refused(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	for _, body := range []string{
		``, `{}`, `[]`, `"x"`, `{"reason":""}`, `{"reason":" "}`, `{"reason":1}`, `{"reason":"x","status":"clean"}`, `{"reason":"x"}{"reason":"y"}`,
		`{"reason":"` + strings.Repeat("x", 501) + `"}`, `{"reason":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		r := f.post(t, admin, path, body)
		require.Equal(t, http.StatusBadRequest, r.StatusCode, "%.60s: %s", body, r.body)
	}
	r := f.request(t, admin, "POST", path, strings.NewReader(`{"reason":"x"}`), "Content-Type", "text/plain")
	f.do(t, r).refused(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	require.Equal(t, scan.StatusClean, decode[attachment.EmailAttachment](t, f.call(t, alice, "GET", "/api/v1/attachments/"+p.AttachmentID)).VirusScanStatus)
}

func TestListByStatus(t *testing.T) {
	f := newFixture(t)
	for i, s := range []scan.Status{scan.StatusClean, scan.StatusInfected, scan.StatusSuspicious} {
		f.settle(t, alice, f.store(t, alice, "m1", string(s)+".txt", strings.Repeat("x", i+1)).AttachmentID, s)
	}
	page := decode[attachment.Page](t, f.call(t, admin, "GET", "/api/v1/attachments?status=infected&status=suspicious"))
	require.Len(t, page.Records, 2)
	require.Len(t, decode[attachment.Page](t, f.call(t, alice, "GET", "/api/v1/attachments")).Records, 3)
	require.Empty(t, decode[attachment.Page](t, f.call(t, bob, "GET", "/api/v1/attachments")).Records)
	f.call(t, alice, "GET", "/api/v1/attachments?status=fine").refused(t, http.StatusBadRequest, "bad_request")
	f.call(t, alice, "GET", "/api/v1/attachments?deleted=perhaps").refused(t, http.StatusBadRequest, "bad_request")
}

// signing is a store whose backend serves downloads itself.
type signing struct{ blob.Store }

func (signing) SignURL(_ context.Context, key string, opts *blob.SignURLOptions) (string, error) {
	return "https://backend.test/" + key + "?expires=" + opts.Expires.String() + "&type=" + opts.ContentType + "&disposition=" + opts.ContentDisposition, nil
}

func TestRedirect(t *testing.T) {
	f := newFixture(t, func(s *setup) {
		s.store, s.api.Redirect, s.handler.ScanPolicy.ServePending = signing{s.store}, time.Minute, true
	})
	p := f.store(t, alice, "m1", "a.txt", content)
	require.Equal(t, content, f.call(t, nobody, "GET", p.PresignedURL).body, "what is pending is not given out of hand")
	f.settle(t, alice, p.AttachmentID, scan.StatusInfected)
	f.call(t, nobody, "GET", p.PresignedURL).refused(t, http.StatusForbidden, "not_served")

	f.settle(t, alice, p.AttachmentID, scan.StatusClean)
	r := f.call(t, nobody, "GET", p.PresignedURL)
	require.Equal(t, http.StatusFound, r.StatusCode)
	require.Equal(t, "https://backend.test/"+p.StorageKey+`?expires=1m0s&type=text/plain; charset=utf-8&disposition=attachment; filename="a.txt"`, r.Header.Get("Location"))
	require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	require.Empty(t, r.body)
	require.True(t, f.events[1].Redirected)
	require.Equal(t, http.StatusOK, f.call(t, nobody, "HEAD", p.PresignedURL).StatusCode, "a signed GET serves no HEAD")
	require.Equal(t, content, f.call(t, alice, "GET", "/api/v1/attachments/"+p.AttachmentID+"/download").body)

	plain := newFixture(t, func(s *setup) { s.api.Redirect = time.Minute })
	p = plain.clean(t, alice, "m1", "a.txt", content)
	require.Equal(t, content, plain.call(t, nobody, "GET", p.PresignedURL).body, "a store that cannot sign")
}
