package auth

import (
	"context"
	"crypto/rand"
	"net/http"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// HeaderRequestID carries the request id, in from a trusted proxy and always
// out.
const HeaderRequestID = "X-Request-Id"

type requestIDKey struct{}

// RequestIDFrom returns the id of the request, "" outside of one.
func RequestIDFrom(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// RequestID gives each request an id, in its context and in the response. It
// takes over the id that a trusted proxy has sent, if it has the shape of one;
// everybody else gets a random one, so that nobody can write another's id into
// the audit.
func RequestID(trusted Proxies) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := rand.Text()
			if sent := r.Header[HeaderRequestID]; len(sent) == 1 && trusted.passedOn(r) && tenant.ValidateID(sent[0]) == nil {
				id = sent[0]
			}
			w.Header().Set(HeaderRequestID, id)
			serve(next, w, r, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
		})
	}
}
