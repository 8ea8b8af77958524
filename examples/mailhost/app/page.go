package app

import (
	_ "embed"
	"html/template"
	"net/http"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

//go:embed page.html
var pageSource string

// shown is a record with the link to its bytes; none if they are not served.
type shown struct {
	attachment.EmailAttachment
	Link template.URL
}

func (m *mailhost) showPage(w http.ResponseWriter, r *http.Request, page *template.Template) {
	ctx := m.host.Settings.Own(r.Context())
	list, err := m.host.Handler.List(ctx, attachment.Query{Limit: 500, Cursor: r.URL.Query().Get("cursor")})
	if err != nil {
		m.settings.logger.Error("list attachments", "error", err)
		http.Error(w, "the list could not be read", http.StatusInternalServerError)
		return
	}
	view := struct {
		Attachments []shown
		Next        string
	}{Next: list.Next}
	for _, record := range list.Records {
		link, err := m.host.Handler.Link(record, 15*time.Minute)
		if err != nil {
			m.settings.logger.Error("mint link", "error", err)
		}
		view.Attachments = append(view.Attachments, shown{record, template.URL(link)}) //nolint:gosec // our own signed link, no input
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if err := page.Execute(w, view); err != nil {
		m.settings.logger.Warn("page not sent", "error", err)
	}
}
