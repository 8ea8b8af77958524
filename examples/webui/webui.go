package webui

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Options shapes the pages. The zero value works.
type Options struct {
	// Heading says what a message is called. The host knows; records hold only
	// the Message-ID. Defaults to none: messages go by their Message-ID.
	Heading func(ctx context.Context, messageID string) (Heading, bool)

	// MaxFileSize is that of httpapi.Options, in bytes, for the page to refuse
	// a larger file before it is sent. Defaults to attachment.DefaultMaxSize.
	MaxFileSize int64

	// Interval is how often an open page looks for changes; pages with the same
	// content look together. Defaults to one second.
	Interval time.Duration

	// MaxStreams is how many open pages are kept current at a time. Defaults
	// to 100.
	MaxStreams int

	// Done ends the streams of open pages, which would keep
	// http.Server.Shutdown waiting. Defaults to none: only browsers end them.
	Done <-chan struct{}

	// Logger gets what goes wrong. Defaults to none.
	Logger *slog.Logger
}

// Heading is what a person knows a message by. All of it is shown as text.
type Heading struct {
	Subject string
	From    string
	Date    time.Time // zero: that of the newest attachment
}

func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.Heading == nil {
		c.Heading = func(context.Context, string) (Heading, bool) { return Heading{}, false }
	}
	if c.MaxFileSize <= 0 {
		c.MaxFileSize = attachment.DefaultMaxSize
	}
	if c.Interval <= 0 {
		c.Interval = time.Second
	}
	if c.MaxStreams <= 0 {
		c.MaxStreams = 100
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

type ui struct {
	handler *attachment.AttachmentHandler
	opts    Options
	thumbs  *thumbnails
	watches *watches
}

//go:embed assets
var assets embed.FS

// New returns the pages over a handler. protect is the host's authentication,
// as for httpapi.New; the pages' own scripts and styles are open to all. opts
// may be nil.
func New(h *attachment.AttachmentHandler, protect func(http.Handler) http.Handler, opts *Options) (http.Handler, error) {
	if h == nil || protect == nil {
		return nil, errors.New("webui: New needs a handler and the host's authentication")
	}
	u := &ui{handler: h, opts: opts.withDefaults(), thumbs: newThumbnails()}
	u.watches = newWatches(u.opts.Interval, u.opts.MaxStreams)
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		return nil, err
	}
	templates, err := parseTemplates()
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	for path, s := range map[string]*screen{
		"/{$}":   {ui: u, templates: templates, name: "messages", title: "Messages", read: u.readMessages},
		"/admin": {ui: u, templates: templates, name: "admin", title: "Administration", read: u.readAdmin},
	} {
		mux.Handle("GET "+path, protect(http.HandlerFunc(s.show)))
		mux.Handle("GET /live/"+s.name, protect(http.HandlerFunc(s.stream)))
	}
	mux.Handle("GET /thumbnails/{id}", protect(http.HandlerFunc(u.thumbnail)))
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", revalidated(http.FileServerFS(files))))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		u.fail(w, templates, http.StatusNotFound, "There is no such page.")
	})
	return guarded(mux), nil
}

// contentPolicy allows the pages their own files and this host's API, and
// nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// revalidated lets browsers keep a file but ask for it anew after an update of
// the host. Embedded files have no date to ask by, so they are small instead.
func revalidated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// reach is whose rows the caller sees, the rule of httpapi: who may administer
// sees the tenant's, others their own. whose is "" for everybody's.
func reach(ctx context.Context) (whose string, admin bool, err error) {
	tc, err := tenant.FromContext(ctx)
	switch {
	case err != nil:
		return "", false, err
	case tc.Can(tenant.Admin, ""):
		return "", true, nil
	case tc.UserID() == "":
		return "", false, tenant.ErrForbidden // "" would select everybody's
	}
	return tc.UserID(), false, nil
}
