package main

import (
	"html/template"
	"net/http"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
)

// routes is what the host serves: the library's endpoints, and without a login
// a page over them.
func (h *host) routes() (http.Handler, error) {
	api, err := httpapi.New(h.handler, h.protect, &httpapi.Options{
		MaxFileSize:  h.settings.MaxAttachmentSize,
		LinkLifetime: h.settings.LinkLifetime,
		Logger:       h.logger,
	})
	if err != nil {
		return nil, err
	}
	// CORS goes around all of it: preflights carry no credentials, and links
	// need none.
	pages, err := auth.NewCORS(&auth.CORSOptions{Origins: h.settings.CORSOrigins})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", pages.Handler(api))
	if h.settings.Login == nil {
		page, err := template.New("page").Parse(pageSource)
		if err != nil {
			return nil, err
		}
		mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { h.showPage(w, r, page) })
	}
	return mux, nil
}
