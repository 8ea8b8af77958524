package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// New returns the API over a handler. protect is the host's authentication: it
// answers requests it does not trust, and hands the others on with a
// tenant.Context in their context. It wraps every route but the download by
// link, which carries its own proof. A host that wants its middleware around
// links too puts it around the whole API, and here only what refuses whom that
// has not identified; see the example. opts may be nil.
func New(h *attachment.AttachmentHandler, protect func(http.Handler) http.Handler, opts *Options) (http.Handler, error) {
	if h == nil {
		return nil, errors.New("httpapi: New needs a handler")
	}
	if protect == nil {
		return nil, errors.New("httpapi: New needs the host's authentication")
	}
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	a := &api{handler: h, opts: o}
	return onlyCleanPaths(a.routes(protect)), nil
}

type api struct {
	handler *attachment.AttachmentHandler
	opts    Options
}

// routes keeps links in a router of their own: among the others, their pattern
// and that of {id}/download would both claim download/download.
func (a *api) routes(protect func(http.Handler) http.Handler) http.Handler {
	links := http.NewServeMux()
	links.Handle("GET "+a.opts.Prefix+attachment.DownloadPath+"{storageKey...}", a.endpoint(a.downloadByLink))
	rest := http.NewServeMux()
	links.Handle("/", rest)
	links.Handle(strings.TrimSuffix(a.opts.Prefix+attachment.DownloadPath, "/"), rest) // or ServeMux would redirect
	rest.Handle("/", protect(a.endpoint(func(http.ResponseWriter, *http.Request) error { return errNoRoute })))

	for path, methods := range map[string]map[string]endpoint{
		"/emails/{messageId}/attachments":   {"GET": a.listByMessage},
		"/messages/{messageId}/attachments": {"POST": a.upload},
		"/attachments":                      {"GET": a.listAll},
		"/attachments/{id}":                 {"GET": a.get, "DELETE": a.delete},
		"/attachments/{id}/download":        {"GET": a.downloadByID},
		"/attachments/{id}/scan-status":     {"GET": a.scanStatus},
		"/attachments/{id}/rescan":          {"POST": a.rescan},
		"/attachments/{id}/release":         {"POST": a.release},
		"/attachments/{id}/quarantine":      {"POST": a.quarantine},
		"/attachments/{id}/restore":         {"POST": a.restore},
		"/openapi.json":                     {"GET": a.contract},
	} {
		path = a.opts.Prefix + "/api/v1" + path
		for method, e := range methods {
			rest.Handle(method+" "+path, protect(a.endpoint(e)))
		}
		rest.Handle(path, protect(a.endpoint(wrongMethod(methods)))) // CORS preflights come here, too
	}
	return links
}

// An endpoint answers a request, or returns an error before it has written
// anything.
type endpoint func(w http.ResponseWriter, r *http.Request) error

func (a *api) endpoint(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := e(w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

// onlyCleanPaths answers what net/http would redirect. No client of this API
// writes such a path, and a link is not to be repeated in a Location.
func onlyCleanPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for segment := range strings.SplitSeq(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/") {
			if segment == "" || segment == "." || segment == ".." {
				write(w, answerTo(errNoRoute))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
