package app

import (
	"context"
	"net/http"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/httpapi"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/webui"
)

// routes is what the host serves until ctx ends: the library's endpoints, and
// without a login the pages over them, to this machine alone.
func (m *mailhost) routes(ctx context.Context) (http.Handler, error) {
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
	elsewhere, err := auth.NewCORS(&auth.CORSOptions{Origins: m.settings.CORSOrigins})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	health := m.host.Health() // for anybody
	mux.Handle("GET /healthz", health)
	mux.Handle("GET /readyz", health)
	mux.Handle("/api/", elsewhere.Handler(api))
	if m.settings.Login != nil {
		return mux, nil
	}
	pages, err := webui.New(m.host.Handler, m.host.Protect, &webui.Options{
		Heading:     m.headings.of,
		MaxFileSize: m.settings.MaxAttachmentSize,
		Done:        ctx.Done(),
		Logger:      m.settings.logger,
	})
	if err != nil {
		return nil, err
	}
	mux.Handle("/", pages)
	return webui.LocalOnly(mux, m.settings.CORSOrigins...)
}
