package auth

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rs/cors"
)

// CORSOptions say which web pages may call.
type CORSOptions struct {
	// Origins are exact: scheme, host and, if it is not the default, port, as
	// in "https://app.example.com". "*" alone means any, and is refused
	// together with Credentials. Defaults to none: only pages of this host.
	Origins []string

	// Credentials lets those pages send cookies. Bearer tokens do not need it.
	Credentials bool

	// Methods defaults to GET, HEAD, POST and DELETE.
	Methods []string

	// Headers that pages may send. Defaults to those this module reads.
	Headers []string

	// Exposed are headers that pages may read. Defaults to those this module
	// sends.
	Exposed []string

	// MaxAge is how long a browser remembers. Defaults to 10 minutes.
	MaxAge time.Duration
}

// CORS tells browsers which pages may call (the Fetch standard). It keeps
// nobody out who is no browser.
type CORS struct {
	rules *cors.Cors // nil: no page elsewhere may
}

// NewCORS returns a CORS, or ErrConfig for origins that are not exact.
func NewCORS(opts *CORSOptions) (*CORS, error) {
	if opts == nil || len(opts.Origins) == 0 {
		return &CORS{}, nil // rs/cors would take this for "any"
	}
	if slices.Contains(opts.Origins, "*") {
		if opts.Credentials || len(opts.Origins) > 1 {
			return nil, fmt.Errorf("%w: origin * goes neither with credentials nor with other origins", ErrConfig)
		}
	} else if i := slices.IndexFunc(opts.Origins, func(o string) bool { return !isOrigin(o) }); i >= 0 {
		return nil, fmt.Errorf("%w: %q is not an exact origin", ErrConfig, opts.Origins[i])
	}
	o := *opts
	if o.Methods == nil {
		o.Methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete}
	}
	if o.Headers == nil {
		o.Headers = []string{"Authorization", "Content-Type", "Range", "If-Range", "If-Match", "If-None-Match", HeaderRequestID}
	}
	if o.Exposed == nil {
		o.Exposed = []string{"Content-Disposition", "Content-Range", "ETag", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy", "WWW-Authenticate", HeaderRequestID}
	}
	if o.MaxAge == 0 {
		o.MaxAge = 10 * time.Minute
	}
	return &CORS{rules: cors.New(cors.Options{
		AllowedOrigins: o.Origins, AllowCredentials: o.Credentials, AllowedMethods: o.Methods, AllowedHeaders: o.Headers,
		ExposedHeaders: o.Exposed, MaxAge: int(o.MaxAge / time.Second),
	})}, nil
}

// isOrigin reports whether a browser would send o as it stands.
func isOrigin(o string) bool {
	u, err := url.Parse(o)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || strings.Contains(o, "*") || o != strings.ToLower(o) {
		return false
	}
	defaultPort := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	return o == u.Scheme+"://"+u.Host && u.Port() != defaultPort
}

// Check reports whether a page of the origin that r names may read the
// response. A request without Origin is not from another page.
func (c *CORS) Check(r *http.Request) bool {
	return r.Header.Get("Origin") == "" || c.rules != nil && c.rules.OriginAllowed(r)
}

// Handler answers preflight requests, and marks the responses of next.
func (c *CORS) Handler(next http.Handler) http.Handler {
	if c.rules == nil {
		return next
	}
	return c.rules.Handler(next)
}
