package auth

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Outcome is how a request ended.
type Outcome string

// The outcomes.
const (
	Allowed Outcome = "allowed" // the handler did what it was asked
	Refused Outcome = "refused" // not allowed: 401, 403, 429, or a reason was noted
	Invalid Outcome = "invalid" // another 4xx: the request made no sense here
	Failed  Outcome = "failed"  // 5xx, or the handler panicked
)

// An Event is what the audit keeps of one request. It holds no query, no
// header and no body.
type Event struct {
	Time      time.Time         `json:"time"` // when the request began
	RequestID string            `json:"requestId"`
	TenantID  string            `json:"tenantId,omitempty"`
	UserID    string            `json:"userId,omitempty"`
	Role      string            `json:"role,omitempty"`
	Method    string            `json:"method"`
	Route     string            `json:"route,omitempty"` // the pattern of net/http; "" if none matched
	Status    int               `json:"status"`
	Bytes     int64             `json:"bytes"` // of the response body
	Duration  time.Duration     `json:"durationNs"`
	ClientIP  netip.Addr        `json:"clientIp,omitzero"`
	Outcome   Outcome           `json:"outcome"`
	Reason    string            `json:"reason,omitempty"`  // of a refusal or failure
	Details   map[string]string `json:"details,omitempty"` // from Annotate
}

// LogAttrs returns the event as attributes for a log record.
func (e *Event) LogAttrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("request_id", e.RequestID), slog.String("outcome", string(e.Outcome)), slog.String("method", e.Method), slog.String("route", e.Route),
		slog.Int("status", e.Status), slog.Int64("bytes", e.Bytes), slog.Duration("duration", e.Duration),
	}
	if e.ClientIP.IsValid() {
		attrs = append(attrs, slog.String("client_ip", e.ClientIP.String()))
	}
	for _, field := range [][2]string{{"tenant", e.TenantID}, {"user", e.UserID}, {"role", e.Role}, {"reason", e.Reason}} {
		if field[1] != "" {
			attrs = append(attrs, slog.String(field[0], field[1]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		attrs = append(attrs, slog.String(name, e.Details[name]))
	}
	return attrs
}

// maxDetails bounds what one request may add to its event.
const maxDetails = 32

// notes are what the handlers inside tell the audit outside.
type notes struct {
	mu        sync.Mutex
	principal *Principal
	reason    string
	details   map[string]string
}

type notesKey struct{}

// note calls f with the notes of the request, if it is audited.
func note(ctx context.Context, f func(*notes)) {
	if n, ok := ctx.Value(notesKey{}).(*notes); ok {
		n.mu.Lock()
		defer n.mu.Unlock()
		f(n)
	}
}

// Annotate adds a detail to the audit event of a request: which attachment was
// downloaded, what an admin released. Secrets do not belong there; what looks
// like one is blanked out. Outside of an audited request it does nothing.
func Annotate(ctx context.Context, name, value string) {
	note(ctx, func(n *notes) {
		if n.details == nil {
			n.details = map[string]string{}
		}
		if len(n.details) < maxDetails {
			n.details[redactText(name)] = redact(name, value)
		}
	})
}

// NoteRefusal tells the audit why a request is refused: for handlers that
// answer themselves. The client does not see it.
func NoteRefusal(ctx context.Context, err error) {
	note(ctx, func(n *notes) { n.reason = redactText(err.Error()) })
}

func notePrincipal(ctx context.Context, p *Principal) {
	note(ctx, func(n *notes) { n.principal = p })
}
