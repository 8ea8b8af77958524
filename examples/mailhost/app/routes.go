package app

import (
	"html/template"
	"net/http"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
)

// routes is what the host serves: the library's endpoints, and without a login
// a page over them.
func (m *mailhost) routes() (http.Handler, error) {
	api, err := httpapi.New(m.host.Handler, m.host.Protect, &httpapi.Options{
		MaxFileSize:  m.settings.MaxAttachmentSize,
		LinkLifetime: m.settings.LinkLifetime,
		Logger:       m.settings.logger,
	})
	if err != nil {
		return nil, err
	}
	// CORS goes around all of it: preflights carry no credentials, and links
	// need none.
	pages, err := auth.NewCORS(&auth.CORSOptions{Origins: m.settings.CORSOrigins})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	health := m.host.Health() // for anybody
	mux.Handle("GET /healthz", health)
	mux.Handle("GET /readyz", health)
	mux.Handle("/api/", pages.Handler(api))
	if m.settings.Login == nil {
		page, err := template.New("page").Parse(pageSource)
		if err != nil {
			return nil, err
		}
		mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { m.showPage(w, r, page) })
	}
	return mux, nil
}
