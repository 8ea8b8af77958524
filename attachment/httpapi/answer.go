package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// An answer is what a client learns of an error.
type answer struct {
	status     int
	Code       string `json:"error"`
	Message    string `json:"message"`
	retryAfter time.Duration
	allow      string // the Allow of a 405
}

// retryLater is how long a client waits for what is only busy or not scanned
// yet.
const retryLater = 2 * time.Second

var errNoRoute = errors.New("no such route")

// badRequest is an error whose text the client may see.
type badRequest string

func (e badRequest) Error() string { return string(e) }

func badRequestf(format string, args ...any) error {
	return badRequest(fmt.Sprintf(format, args...))
}

type methodError struct{ allow string }

func (methodError) Error() string { return "the route has no such method" }

// wrongMethod answers a path that exists with a method that does not.
func wrongMethod(methods map[string]endpoint) endpoint {
	allow := slices.Collect(maps.Keys(methods))
	if methods["GET"] != nil {
		allow = append(allow, "HEAD")
	}
	slices.Sort(allow)
	return func(http.ResponseWriter, *http.Request) error { return methodError{strings.Join(allow, ", ")} }
}

// unserved refuses the bytes of an attachment because of its scan status.
type unserved struct{ status scan.Status }

func (e unserved) Error() string { return "scan status " + string(e.status) + " is not served" }

// answerTo is the one place where errors become statuses, those of the node's
// codes (nodeAnswer) included.
func answerTo(err error) answer {
	var bad badRequest
	var method methodError
	var held unserved
	var tooLarge *http.MaxBytesError
	var node *attachment.Error
	if errors.As(err, &node) {
		if a, ok := nodeAnswer(node); ok {
			return a
		}
	}
	switch {
	case errors.As(err, &bad):
		return answer{status: http.StatusBadRequest, Code: "bad_request", Message: string(bad)}
	case errors.As(err, &method):
		return answer{status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Message: method.Error(), allow: method.allow}
	case errors.As(err, &held) && held.status == scan.StatusPending:
		return answer{status: http.StatusConflict, Code: "scan_pending", Message: "the attachment has not been scanned yet", retryAfter: retryLater}
	case errors.As(err, &held):
		return answer{status: http.StatusForbidden, Code: "not_served", Message: held.Error()}
	case errors.As(err, &tooLarge):
		return answer{status: http.StatusRequestEntityTooLarge, Code: "size_limit_exceeded", Message: requestTooLarge(tooLarge)}
	case errors.Is(err, errMediaType):
		return answer{status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type", Message: errMediaType.Error()}
	case slowRequest(err):
		return answer{status: http.StatusRequestTimeout, Code: "request_timeout", Message: "the request came too slowly"}
	case errors.Is(err, tenant.ErrQuota):
		return answer{status: http.StatusTooManyRequests, Code: "quota_exceeded", Message: "the download quota is used up"}
	case errors.Is(err, errDeleted):
		return answer{status: http.StatusConflict, Code: "deleted", Message: errDeleted.Error()}
	case errors.Is(err, errNoRoute):
		return answer{status: http.StatusNotFound, Code: "not_found", Message: errNoRoute.Error()}
	case attachment.IsAbsent(err):
		return answer{status: http.StatusNotFound, Code: "not_found", Message: attachment.ErrNotFound.Error()}
	case errors.Is(err, blob.ErrLinkExpired):
		return answer{status: http.StatusGone, Code: "link_expired", Message: blob.ErrLinkExpired.Error()}
	case errors.Is(err, blob.ErrLinkInvalid), errors.Is(err, attachment.ErrLinksUnset):
		return answer{status: http.StatusForbidden, Code: "link_invalid", Message: blob.ErrLinkInvalid.Error()}
	case errors.Is(err, tenant.ErrMissing), errors.Is(err, tenant.ErrInvalidID):
		return answer{status: http.StatusUnauthorized, Code: "unauthorized", Message: "authentication is required"}
	case errors.Is(err, tenant.ErrForbidden):
		return answer{status: http.StatusForbidden, Code: "forbidden", Message: "not allowed"}
	case errors.Is(err, attachment.ErrCursor):
		return answer{status: http.StatusBadRequest, Code: "bad_request", Message: attachment.ErrCursor.Error()}
	case errors.Is(err, attachment.ErrConflict):
		return answer{status: http.StatusConflict, Code: "conflict", Message: attachment.ErrConflict.Error(), retryAfter: retryLater}
	case errors.Is(err, context.DeadlineExceeded), attachment.AsError(err).Retryable:
		return answer{status: http.StatusServiceUnavailable, Code: "unavailable", Message: "try again later", retryAfter: retryLater}
	default:
		return answer{status: http.StatusInternalServerError, Code: "internal", Message: "the request could not be completed"}
	}
}

func requestTooLarge(e *http.MaxBytesError) string {
	return fmt.Sprintf("the request is larger than %d bytes", e.Limit)
}

// slowRequest reports whether it was the client who kept us waiting, and not
// the database or the store.
func slowRequest(err error) bool {
	var db *attachment.RepositoryError
	var stored *blob.Error
	return errors.Is(err, os.ErrDeadlineExceeded) && !errors.As(err, &db) && !errors.As(err, &stored)
}

// fail answers err, and logs what the client is not told.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	answer := answerTo(err)
	if answer.status >= 500 && !errors.Is(r.Context().Err(), context.Canceled) { // a client that left is no failure
		a.opts.Logger.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("method", r.Method), slog.String("route", r.Pattern), slog.Int("status", answer.status), slog.String("error", err.Error()))
	}
	write(w, answer)
}

func write(w http.ResponseWriter, a answer) {
	a.setHeaders(w)
	writeJSON(w, a.status, a)
}

func (a answer) setHeaders(w http.ResponseWriter) {
	if a.retryAfter > 0 {
		w.Header().Set("Retry-After", seconds(a.retryAfter))
	}
	if a.allow != "" {
		w.Header().Set("Allow", a.allow)
	}
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // a record always marshals
		status, body = http.StatusInternalServerError, []byte(`{"error":"internal","message":"the request could not be completed"}`)
	}
	writeBody(w, status, body)
}

// writeBody answers with JSON. A client that has gone is none of our business.
func writeBody(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
