package httpapi_test

import (
	"bytes"
	"image"
	imagepng "image/png"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

func TestDownload(t *testing.T) {
	f := newFixture(t)
	p := f.clean(t, alice, "m1", "Protokoll für März.txt", content)
	for name, path := range map[string]string{"id": "/api/v1/attachments/" + p.AttachmentID + "/download", "link": p.PresignedURL} {
		t.Run(name, func(t *testing.T) {
			caller := map[string]string{"id": alice, "link": nobody}[name]
			r := f.call(t, caller, "GET", path)
			require.Equal(t, http.StatusOK, r.StatusCode, r.body)
			require.Equal(t, content, r.body)
			require.Equal(t, strconv.Itoa(len(content)), r.Header.Get("Content-Length"))
			require.Equal(t, `"`+p.ContentHash+`"`, r.Header.Get("ETag"))
			require.Equal(t, "text/plain; charset=utf-8", r.Header.Get("Content-Type"))
			require.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"))
			require.Equal(t, "private, no-cache", r.Header.Get("Cache-Control"))
			require.Contains(t, r.Header.Get("Content-Disposition"), "attachment; filename=")
			require.Contains(t, r.Header.Get("Content-Disposition"), "filename*=UTF-8''Protokoll%20f%C3%BCr%20M%C3%A4rz.txt")
			require.Contains(t, r.Header.Get("Content-Security-Policy"), "sandbox")

			head := f.call(t, caller, "HEAD", path)
			require.Empty(t, head.body)
			require.Equal(t, http.StatusOK, head.StatusCode)
			r.Header.Del("Date")
			head.Header.Del("Date")
			require.Equal(t, r.Header, head.Header)
		})
	}
	require.Equal(t, httpapi.ActionDownload, f.events[0].Action)
	require.Equal(t, p.AttachmentID, f.events[0].AttachmentID)
	require.Equal(t, int64(len(content)), f.events[0].Bytes)
	require.True(t, f.events[0].Complete)
	require.Len(t, f.events, 2, "a HEAD is no download")
}

func TestConditionsAndRanges(t *testing.T) {
	f := newFixture(t)
	const text = "0123456789"
	p := f.clean(t, alice, "m1", "a.txt", text)
	etag := `"` + p.ContentHash + `"`
	for name, c := range map[string]struct {
		headers []string
		status  int
		body    string
		ranged  string
	}{
		"whole":                    {nil, 200, text, ""},
		"same tag":                 {[]string{"If-None-Match", etag}, 304, "", ""},
		"same tag, weak":           {[]string{"If-None-Match", `W/"x", W/` + etag}, 304, "", ""},
		"any tag":                  {[]string{"If-None-Match", "*"}, 304, "", ""},
		"other tag":                {[]string{"If-None-Match", `"x"`}, 200, text, ""},
		"must match, does":         {[]string{"If-Match", etag}, 200, text, ""},
		"must match, weak":         {[]string{"If-Match", "W/" + etag}, 412, "", ""},
		"must match, does not":     {[]string{"If-Match", `"x"`}, 412, "", ""},
		"from to":                  {[]string{"Range", "bytes=2-4"}, 206, "234", "bytes 2-4/10"},
		"first byte":               {[]string{"Range", "bytes=0-0"}, 206, "0", "bytes 0-0/10"},
		"from":                     {[]string{"Range", "bytes=7-"}, 206, "789", "bytes 7-9/10"},
		"last":                     {[]string{"Range", "bytes=-3"}, 206, "789", "bytes 7-9/10"},
		"last more than there are": {[]string{"Range", "bytes=-30"}, 206, text, "bytes 0-9/10"},
		"past the end":             {[]string{"Range", "bytes=8-99999999999999999999999"}, 206, "89", "bytes 8-9/10"},
		"unit in capitals":         {[]string{"Range", "Bytes=2-4"}, 206, "234", "bytes 2-4/10"},
		"beyond":                   {[]string{"Range", "bytes=10-"}, 416, "", "bytes */10"},
		"far beyond":               {[]string{"Range", "bytes=99999999999999999999999-"}, 416, "", "bytes */10"},
		"last none":                {[]string{"Range", "bytes=-0"}, 416, "", "bytes */10"},
		"several":                  {[]string{"Range", "bytes=0-1,3-4"}, 200, text, ""},
		"backwards":                {[]string{"Range", "bytes=4-2"}, 200, text, ""},
		"signed":                   {[]string{"Range", "bytes=+2-4"}, 200, text, ""},
		"nothing":                  {[]string{"Range", "bytes="}, 200, text, ""},
		"other unit":               {[]string{"Range", "lines=1-2"}, 200, text, ""},
		"if the same":              {[]string{"Range", "bytes=2-4", "If-Range", etag}, 206, "234", "bytes 2-4/10"},
		"if the same, weak":        {[]string{"Range", "bytes=2-4", "If-Range", "W/" + etag}, 200, text, ""},
		"if another":               {[]string{"Range", "bytes=2-4", "If-Range", `"x"`}, 200, text, ""},
		"if unchanged since":       {[]string{"Range", "bytes=2-4", "If-Range", "Sun, 01 Mar 2026 12:00:00 GMT"}, 200, text, ""},
		"unchanged beats range":    {[]string{"Range", "bytes=2-4", "If-None-Match", etag}, 304, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := f.call(t, nobody, "GET", p.PresignedURL, c.headers...)
			require.Equal(t, c.status, r.StatusCode, r.body)
			require.Equal(t, etag, r.Header.Get("ETag"))
			require.Equal(t, c.ranged, r.Header.Get("Content-Range"))
			if c.status < 400 {
				require.Equal(t, c.body, r.body)
			}
			if c.status == 206 {
				require.Equal(t, strconv.Itoa(len(c.body)), r.Header.Get("Content-Length"))
			}
		})
	}
	empty := f.clean(t, alice, "m1", "empty.txt", "")
	r := f.call(t, nobody, "GET", empty.PresignedURL, "Range", "bytes=0-9")
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Empty(t, r.body)
}

// TestVerdicts shows that the verdict decides at the time of the download, for
// every kind of answer.
func TestVerdicts(t *testing.T) {
	f := newFixture(t)
	p := f.store(t, alice, "m1", "a.txt", content)
	etag := `"` + p.ContentHash + `"`
	byID := "/api/v1/attachments/" + p.AttachmentID + "/download"
	for _, c := range []struct {
		status scan.Status
		want   int
		code   string
	}{
		{scan.StatusPending, 409, "scan_pending"},
		{scan.StatusClean, 200, ""},
		{scan.StatusInfected, 403, "not_served"},
		{scan.StatusSuspicious, 403, "not_served"},
		{scan.StatusSkipped, 200, ""},
		{scan.StatusError, 403, "not_served"},
		{"", 403, "not_served"},
		{"CLEAN", 403, "not_served"},
	} {
		if c.status != scan.StatusPending {
			f.settle(t, alice, p.AttachmentID, c.status)
		}
		for _, headers := range [][]string{nil, {"Range", "bytes=0-3"}, {"If-None-Match", etag}, {"If-Match", `"x"`}, {"Range", "bytes=999-"}} {
			for path, caller := range map[string]string{byID: alice, p.PresignedURL: nobody} {
				r := f.call(t, caller, "GET", path, headers...)
				if c.code == "" {
					require.NotContains(t, []int{403, 409}, r.StatusCode)
					continue
				}
				r.refused(t, c.want, c.code)
				require.NotContains(t, r.body, content[:4])
				require.Empty(t, r.Header.Get("ETag"), "the hash of what is not served is nobody's business")
				require.Equal(t, c.status == scan.StatusPending, r.Header.Get("Retry-After") != "")
				require.Equal(t, c.want, f.call(t, caller, "HEAD", path, headers...).StatusCode)
			}
		}
	}
}

func TestLinksEnd(t *testing.T) {
	f := newFixture(t)
	p := f.clean(t, alice, "m1", "a.txt", content)
	other := f.clean(t, alice, "m1", "b.txt", "another text")
	link, query, _ := strings.Cut(p.PresignedURL, "?")
	otherLink, _, _ := strings.Cut(other.PresignedURL, "?")
	for name, path := range map[string]string{
		"no signature":       link,
		"another's":          otherLink + "?" + query,
		"more of it":         p.PresignedURL + "&x=y",
		"another tenant's":   strings.Replace(p.PresignedURL, "acme", "globex", 1),
		"encoded traversal":  link + "/%2e%2e/x?" + query,
		"not of attachments": "/api/v1/attachments/download/etc/passwd?" + query,
		"later":              strings.Replace(p.PresignedURL, "expires=1", "expires=2", 1),
	} {
		f.call(t, nobody, "GET", path).refused(t, http.StatusForbidden, "link_invalid")
		require.NotEmpty(t, path, name)
	}
	f.call(t, alice, "DELETE", "/api/v1/attachments/"+p.AttachmentID)
	f.call(t, nobody, "GET", p.PresignedURL).refused(t, http.StatusNotFound, "not_found")
	f.pass(2 * time.Hour)
	f.call(t, nobody, "GET", p.PresignedURL).refused(t, http.StatusGone, "link_expired")
	f.call(t, nobody, "GET", other.PresignedURL).refused(t, http.StatusGone, "link_expired")
}

func TestInline(t *testing.T) {
	var png bytes.Buffer
	require.NoError(t, imagepng.Encode(&png, image.NewGray(image.Rect(0, 0, 1, 1))))
	for name, c := range map[string]struct {
		file, data   string
		options      httpapi.Options
		query        string
		want, policy string
	}{
		"not allowed":     {"a.png", png.String(), httpapi.Options{}, "?disposition=inline", "attachment", "sandbox"},
		"not asked for":   {"a.png", png.String(), httpapi.Options{Inline: true}, "", "attachment", "sandbox"},
		"an image":        {"a.png", png.String(), httpapi.Options{Inline: true}, "?disposition=inline", "inline", "sandbox"},
		"another word":    {"a.png", png.String(), httpapi.Options{Inline: true}, "?disposition=attachment", "attachment", "sandbox"},
		"a PDF":           {"a.pdf", "%PDF-1.4\n%%EOF\n", httpapi.Options{Inline: true}, "?disposition=inline", "attachment", "sandbox"},
		"a PDF by option": {"a.pdf", "%PDF-1.4\n%%EOF\n", httpapi.Options{Inline: true, InlinePDF: true}, "?disposition=inline", "inline", "default-src 'none'"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(s *setup) { s.api = c.options })
			p := f.clean(t, alice, "m1", c.file, c.data)
			path := "/api/v1/attachments/" + p.AttachmentID + "/download"
			r := f.call(t, alice, "GET", path+c.query)
			require.Equal(t, c.data, r.body)
			require.True(t, strings.HasPrefix(r.Header.Get("Content-Disposition"), c.want+";"))
			require.True(t, strings.HasPrefix(r.Header.Get("Content-Security-Policy"), c.policy))
			f.call(t, alice, "GET", path+"?disposition=form-data").refused(t, http.StatusBadRequest, "bad_request")
		})
	}
}
