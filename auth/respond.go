package auth

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/token"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// WriteError answers with {"error": code, "message": message}, the shape of
// every error of this module's HTTP handlers.
func WriteError(w http.ResponseWriter, status int, code, message string) {
	body, err := json.Marshal(struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}{code, message})
	if err != nil {
		body = []byte(`{"error":"internal","message":""}`) // strings always marshal
	}
	h := w.Header()
	h.Del("Content-Length") // of what would have been sent instead
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// A refusal is what the client learns of an error. The error itself goes to
// the audit only.
type refusal struct {
	status        int
	code, message string
	challenge     string // WWW-Authenticate, RFC 6750, section 3
}

const realm = `Bearer realm="attachments"`

func refusalOf(err error) refusal {
	switch {
	case errors.Is(err, ErrNoCredentials), errors.Is(err, tenant.ErrMissing):
		// No error code in the challenge: the client has not tried.
		return refusal{http.StatusUnauthorized, "unauthorized", "a bearer token is required", realm}
	case errors.Is(err, ErrAuthorization):
		return refusal{http.StatusBadRequest, "bad_request", "malformed credentials", realm + `, error="invalid_request"`}
	case errors.Is(err, token.ErrUnavailable), errors.Is(err, ratelimit.ErrUnavailable):
		return refusal{http.StatusServiceUnavailable, "unavailable", "try again later", ""}
	case errors.Is(err, token.ErrExpired):
		return refusal{http.StatusUnauthorized, "unauthorized", "the token has expired", realm + `, error="invalid_token", error_description="expired"`}
	case errors.Is(err, ErrRole), errors.Is(err, ErrDevelopment):
		return refusal{http.StatusForbidden, "forbidden", "not allowed", ""}
	case errors.Is(err, tenant.ErrForbidden):
		return refusal{http.StatusForbidden, "forbidden", "not allowed", realm + `, error="insufficient_scope"`}
	case errors.Is(err, ErrRateLimited):
		return refusal{http.StatusTooManyRequests, "rate_limited", "too many requests", ""}
	default:
		return refusal{http.StatusUnauthorized, "unauthorized", "the token is not valid", realm + `, error="invalid_token"`}
	}
}

// refuse answers instead of the handler, and tells the audit why.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	NoteRefusal(r.Context(), err)
	answer := refusalOf(err)
	if answer.challenge != "" {
		w.Header().Set("WWW-Authenticate", answer.challenge)
	}
	if answer.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	WriteError(w, answer.status, answer.code, answer.message)
}
