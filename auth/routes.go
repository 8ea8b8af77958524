package auth

import (
	"fmt"
	"net/http"
	"path"
	"strings"
)

// routes finds which of some patterns, as net/http writes them, a request
// matches: the most specific, as http.ServeMux would.
type routes struct {
	mux *http.ServeMux // nil: no patterns
}

// marker tells a match from the redirects that ServeMux answers with.
type marker struct{}

func (marker) ServeHTTP(http.ResponseWriter, *http.Request) {}

// newRoutes fails with ErrConfig for a malformed pattern and for two that
// conflict.
func newRoutes(patterns []string) (found routes, err error) {
	if len(patterns) == 0 {
		return routes{}, nil
	}
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%w: %v", ErrConfig, problem)
		}
	}()
	found.mux = http.NewServeMux()
	for _, pattern := range patterns {
		found.mux.Handle(pattern, marker{}) // panics, as meant for patterns in code
	}
	return found, nil
}

// match returns the pattern that http.ServeMux would choose, or "". A path that
// it would answer with a redirect matches nothing.
func (rt routes) match(r *http.Request) string {
	if rt.mux == nil {
		return ""
	}
	handler, pattern := rt.mux.Handler(r)
	if _, ok := handler.(marker); !ok {
		return ""
	}
	return pattern
}

// matchPlain is match for decisions that let somebody in. It passes over every
// path that another router could take for a different one: dots, doubled
// slashes, and separators in disguise ("%2e%2e", "%2F", "\").
func (rt routes) matchPlain(r *http.Request) string {
	p := r.URL.Path
	if clean := path.Clean(p); p != clean && p != clean+"/" || strings.Contains(p, `\`) || strings.Contains(strings.ToLower(r.URL.EscapedPath()), "%2f") {
		return ""
	}
	return rt.match(r)
}

// serve calls next with a changed context. ServeMux notes the pattern it chose
// in the request it is given; serve hands it back to the request outside, where
// the audit looks.
func serve(next http.Handler, w http.ResponseWriter, outer, inner *http.Request) {
	defer func() { outer.Pattern = inner.Pattern }()
	next.ServeHTTP(w, inner)
}
