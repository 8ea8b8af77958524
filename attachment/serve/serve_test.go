package serve_test

import (
	"fmt"
	"mime"
	"net/http"
	"strings"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/filename"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/serve"
	"github.com/stretchr/testify/require"
)

func TestNothingActiveIsInlineOrNamed(t *testing.T) {
	for _, active := range []string{
		"text/html", "image/svg+xml", "application/xhtml+xml", "application/xslt+xml", "multipart/related", "text/javascript",
		"application/javascript", "application/x-shockwave-flash", "application/wasm", "application/hta",
		"text/xml", "application/xml", "application/rss+xml", "text/x-php", "text/css", "", "nonsense", "text/html\r\nX: y",
		"text/html; charset=utf-7", "TEXT/HTML",
	} {
		h := http.Header{}
		serve.SetHeaders(h, serve.File{Name: "a.html", MIME: active}, &serve.Options{Inline: true, PDF: true})
		require.True(t, strings.HasPrefix(h.Get("Content-Disposition"), "attachment;"), active)
		require.Contains(t, []string{"application/octet-stream", "text/plain; charset=utf-8"}, h.Get("Content-Type"), active)
		require.Contains(t, h.Get("Content-Security-Policy"), "sandbox;")
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		require.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"))
	}
}

func TestInline(t *testing.T) {
	for _, tc := range []struct {
		mime string
		opts *serve.Options
		want string
	}{
		{"image/png", nil, "attachment"},
		{"image/png", &serve.Options{Inline: true}, "inline"},
		{"text/plain", &serve.Options{Inline: true}, "inline"},
		{"application/pdf", &serve.Options{Inline: true}, "attachment"},
		{"application/pdf", &serve.Options{Inline: true, PDF: true}, "inline"},
		{"application/zip", &serve.Options{Inline: true, PDF: true}, "attachment"},
	} {
		got := serve.Disposition(serve.File{Name: "x", MIME: tc.mime}, tc.opts)
		require.Equal(t, tc.want+`; filename="x"`, got)
	}
}

func TestPDFIsNotSandboxedWhenShown(t *testing.T) {
	h := http.Header{}
	serve.SetHeaders(h, serve.File{Name: "a.pdf", MIME: "application/pdf"}, &serve.Options{Inline: true, PDF: true})
	require.NotContains(t, h.Get("Content-Security-Policy"), "sandbox")
	require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
}

func FuzzDisposition(f *testing.F) {
	for _, seed := range []string{"a.pdf", "Übersicht.pdf", "a\"; filename=evil.exe", "a\r\nSet-Cookie: x=y", "%22.pdf", "日本.txt", `\"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		header := serve.Disposition(serve.File{Name: name, MIME: "application/pdf"}, nil)
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" {
			t.Fatalf("%q: %q, %v", header, kind, err)
		}
		safe := filename.Sanitize(name)
		if got := params["filename"]; got != safe {
			t.Fatalf("%q gives back %q, not %q", header, got, safe)
		}
	})
}

func ExampleSetHeaders() {
	h := http.Header{}
	serve.SetHeaders(h, serve.File{Name: "Übersicht.html", MIME: "text/html"}, nil)
	fmt.Println(h.Get("Content-Type"))
	fmt.Println(h.Get("Content-Disposition"))
	// Output:
	// application/octet-stream
	// attachment; filename="_bersicht.html"; filename*=UTF-8''%C3%9Cbersicht.html
}
