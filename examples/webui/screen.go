package webui

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

//go:embed templates
var templateFiles embed.FS

func parseTemplates() (*template.Template, error) {
	return template.New("").Funcs(template.FuncMap{
		"size": size, "visible": visible, "plural": plural, "pager": newPager,
	}).ParseFS(templateFiles, "templates/*.html")
}

// pager is the way to other pages of a list.
type pager struct {
	Paged bool   // not the first page
	Older string // "" on the last
	Show  string
}

func newPager(paged bool, older, show string) pager { return pager{paged, older, show} }

// A screen is one page: what it reads, and the template of its main part.
type screen struct {
	*ui
	templates   *template.Template
	name, title string
	read        func(r *http.Request) (any, error)
}

// layout is what surrounds the main part.
type layout struct {
	Screen, Title string
	Admin         bool
	Live          string        // path of the stream
	Revision      string        // of Main
	Main          template.HTML // rendered by the same templates
	MaxFileSize   int64
}

// render returns the main part and a revision that differs if it does.
func (s *screen) render(r *http.Request) (main []byte, revision string, err error) {
	view, err := s.read(r)
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	if err := s.templates.ExecuteTemplate(&b, s.name, view); err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(b.Bytes())
	return b.Bytes(), hex.EncodeToString(sum[:8]), nil
}

func (s *screen) show(w http.ResponseWriter, r *http.Request) {
	main, revision, err := s.render(r)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	_, admin, _ := reach(r.Context())
	live := "/live/" + s.name
	if r.URL.RawQuery != "" {
		live += "?" + r.URL.RawQuery
	}
	s.write(w, s.templates, http.StatusOK, layout{
		Screen: s.name, Title: s.title, Admin: admin, Live: live, Revision: revision,
		Main: template.HTML(main), MaxFileSize: s.opts.MaxFileSize, //nolint:gosec // a template's own output
	})
}

func (s *screen) failed(w http.ResponseWriter, r *http.Request, err error) {
	status, words := answerTo(err)
	if status >= 500 && !errors.Is(r.Context().Err(), context.Canceled) {
		s.opts.Logger.ErrorContext(r.Context(), "page not read", "page", s.name, "error", err)
	}
	s.fail(w, s.templates, status, words)
}

func answerTo(err error) (status int, words string) {
	switch {
	case errors.Is(err, tenant.ErrMissing), errors.Is(err, tenant.ErrInvalidID):
		return http.StatusUnauthorized, "Please sign in first."
	case errors.Is(err, tenant.ErrForbidden):
		return http.StatusForbidden, "You may not see this page."
	case errors.Is(err, attachment.ErrCursor), errors.Is(err, errNoList):
		return http.StatusBadRequest, "This address leads nowhere."
	default:
		return http.StatusInternalServerError, "The attachments cannot be read just now. Nothing is lost; try again in a moment."
	}
}

// fail shows an error as a page of its own.
func (u *ui) fail(w http.ResponseWriter, templates *template.Template, status int, words string) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "failure", words); err != nil {
		http.Error(w, words, status)
		return
	}
	u.write(w, templates, status, layout{Screen: "failure", Title: "Not available", Main: template.HTML(b.String())}) //nolint:gosec // a template's own output
}

func (u *ui) write(w http.ResponseWriter, templates *template.Template, status int, l layout) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "layout", l); err != nil {
		u.opts.Logger.Error("page not rendered", "page", l.Screen, "error", err)
		http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a browser that has gone is none of our business
}
