package tenant

import (
	"errors"
	"log/slog"
)

// An Event is one call of a [Store], as its audit hook sees it. An upload
// makes two: its Create, and the Commit or Abort that ends it.
type Event struct {
	Tenant string // "" if the call came without one
	User   string
	Op     string // as in blob.Error
	Action Action // what the user had to be allowed to do
	Key    string // as the caller knows it; for a list, the prefix
	Source string // where a copy came from
	Bytes  int64  // committed, copied, deleted (where metered), or offered for reading
	Err    error  // nil if the call did what was asked
}

// An Outcome sums up how a call ended.
type Outcome string

// The outcomes.
const (
	Done     Outcome = "done"
	Denied   Outcome = "denied"     // no tenant, or one that may not
	OverFull Outcome = "over quota" // ErrQuota
	Failed   Outcome = "failed"     // anything else
)

// Outcome classifies e.Err.
func (e Event) Outcome() Outcome {
	switch {
	case e.Err == nil:
		return Done
	case errors.Is(e.Err, ErrQuota):
		return OverFull
	case errors.Is(e.Err, ErrMissing), errors.Is(e.Err, ErrInvalidID), errors.Is(e.Err, ErrUnknown), errors.Is(e.Err, ErrForbidden):
		return Denied
	default:
		return Failed
	}
}

// LogValue lets an Event be logged as one group.
func (e Event) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("tenant", e.Tenant), slog.String("user", e.User),
		slog.String("op", e.Op), slog.String("action", string(e.Action)),
		slog.String("key", e.Key), slog.Int64("bytes", e.Bytes), slog.String("outcome", string(e.Outcome())),
	}
	if e.Source != "" {
		attrs = append(attrs, slog.String("source", e.Source))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", e.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}
