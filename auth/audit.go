package auth

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"time"
)

// A Sink keeps events, such as an append-only table. Record is called when the
// handler has returned, while the end of the response may still be buffered, so
// a slow one is felt. Its context ends after 5 seconds, not when the client
// leaves.
type Sink interface {
	Record(ctx context.Context, e Event) error
}

// SinkFunc is a function as a Sink.
type SinkFunc func(ctx context.Context, e Event) error

// Record calls f.
func (f SinkFunc) Record(ctx context.Context, e Event) error { return f(ctx, e) }

const sinkTimeout = 5 * time.Second

// AuditOptions tunes an Auditor.
type AuditOptions struct {
	// Logger gets one record per request: Info if it was allowed or made no
	// sense, Warn if it was refused, Error if it failed. Defaults to none.
	Logger *slog.Logger

	// Sink keeps the events. One that fails is reported to Logger, and does
	// not harm the request, which is over. Defaults to none.
	Sink Sink

	// Proxies are trusted to name the client. Defaults to none.
	Proxies Proxies
}

// An Auditor writes down each request.
type Auditor struct{ opts AuditOptions }

// NewAuditor returns an Auditor. opts may be nil, but then it tells nobody.
func NewAuditor(opts *AuditOptions) *Auditor {
	a := &Auditor{}
	if opts != nil {
		a.opts = *opts
	}
	if a.opts.Logger == nil {
		a.opts.Logger = slog.New(slog.DiscardHandler)
	}
	return a
}

// Handler audits what next does, panics included, which it passes on.
func (a *Auditor) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := &notes{}
		response := &recorder{ResponseWriter: w}
		panicked := true // until the handler returns; not recovered, so that net/http prints the right stack
		defer a.finish(r, n, response, time.Now(), &panicked)
		serve(next, response, r, r.WithContext(context.WithValue(r.Context(), notesKey{}, n)))
		panicked = false
	})
}

func (a *Auditor) finish(r *http.Request, n *notes, response *recorder, began time.Time, panicked *bool) {
	a.record(r.Context(), a.event(r, n, response, began, *panicked))
}

func (a *Auditor) event(r *http.Request, n *notes, response *recorder, began time.Time, panicked bool) Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := Event{
		Time: began, RequestID: RequestIDFrom(r.Context()), Method: r.Method, Route: r.Pattern, Status: response.finalStatus(), Bytes: response.bytes,
		Duration: time.Since(began), ClientIP: a.opts.Proxies.ClientIP(r), Reason: n.reason, Details: maps.Clone(n.details),
	}
	e.Method = redactText(e.Method) // any token, of any length
	if n.principal != nil {
		e.TenantID, e.UserID, e.Role = n.principal.TenantID(), n.principal.UserID(), n.principal.Role()
	}
	switch {
	case panicked:
		e.Outcome, e.Reason = Failed, "panic"
		if response.status == 0 {
			e.Status = http.StatusInternalServerError // nothing was sent
		}
	case e.Status >= 500:
		e.Outcome = Failed
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden, e.Status == http.StatusTooManyRequests, e.Reason != "":
		e.Outcome = Refused
	case e.Status >= 400:
		e.Outcome = Invalid
	default:
		e.Outcome = Allowed
	}
	return e
}

func (a *Auditor) record(ctx context.Context, e Event) {
	level := map[Outcome]slog.Level{Refused: slog.LevelWarn, Failed: slog.LevelError}[e.Outcome] // the zero Level is Info
	a.opts.Logger.LogAttrs(ctx, level, "request", e.LogAttrs()...)
	if a.opts.Sink == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sinkTimeout)
	defer cancel()
	if err := a.opts.Sink.Record(ctx, e); err != nil {
		a.opts.Logger.ErrorContext(ctx, "audit event not kept", slog.String("request_id", e.RequestID), slog.Any("error", err))
	}
}
