package scan

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// tracing gives a worker's job a span, and each call to its ledger and its
// scanner one below. Error texts stay out of them: a scanner chooses its own,
// and may quote names.
type tracing struct {
	tracer   trace.Tracer // nil: none
	byTenant bool
}

func newTracing(o *WorkerOptions) tracing {
	t := tracing{byTenant: o.TenantAttribute}
	if o.TracerProvider != nil {
		t.tracer = o.TracerProvider.Tracer(scopeName)
	}
	return t
}

// step does something in a span of its own.
func (t tracing) step(ctx context.Context, name string, do func(context.Context) error) error {
	if t.tracer == nil {
		return do(ctx)
	}
	ctx, span := t.tracer.Start(ctx, name)
	defer span.End()
	err := do(ctx)
	if reason := errorType(err); reason != "" {
		span.SetStatus(codes.Error, reason)
		span.SetAttributes(attribute.String("error.type", reason))
	}
	return err
}

// describe says on the span in ctx how a job ended.
func (t tracing) describe(ctx context.Context, job Job, outcome Outcome) {
	if t.tracer == nil {
		return
	}
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(
		attribute.String("scan.status", string(outcome.Status)),
		attribute.String("scan.engine", outcome.Result.Engine),
		attribute.String("scan.content_id", job.ContentID),
		attribute.Int64("scan.size", job.Size),
		attribute.Int("scan.attempt", job.Attempt+1),
	)
	if t.byTenant {
		span.SetAttributes(attribute.String("tenant.id", job.TenantID))
	}
}

func (t tracing) ledger(l Ledger) Ledger {
	if t.tracer == nil {
		return l
	}
	return tracedLedger{l, t}
}

type tracedLedger struct {
	Ledger
	tracing
}

func (l tracedLedger) Claim(ctx context.Context, job Job, lease time.Duration) (claim Claim, err error) {
	err = l.step(ctx, "scan.claim", func(ctx context.Context) error {
		claim, err = l.Ledger.Claim(ctx, job, lease)
		return err
	})
	return claim, err
}

func (l tracedLedger) Settle(ctx context.Context, claim Claim, outcome Outcome) error {
	return l.step(ctx, "scan.settle", func(ctx context.Context) error { return l.Ledger.Settle(ctx, claim, outcome) })
}

func (t tracing) scanner(s Scanner) Scanner {
	if t.tracer == nil {
		return s
	}
	return tracedScanner{s, t}
}

type tracedScanner struct {
	Scanner
	tracing
}

func (s tracedScanner) Unwrap() Scanner { return s.Scanner }

func (s tracedScanner) Scan(ctx context.Context, obj Object) (res Result, err error) {
	err = s.step(ctx, "scan.scan", func(ctx context.Context) error {
		res, err = s.Scanner.Scan(ctx, obj)
		return err
	})
	return res, err
}

// errorType is one of a few words for err, "" if nothing went wrong.
func errorType(err error) string {
	var p *PanicError
	switch {
	case err == nil, errors.Is(err, ErrNotDue):
		return ""
	case errors.As(err, &p):
		return "panic"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, ErrUnavailable):
		return "unavailable"
	case errors.Is(err, ErrRateLimited):
		return "rate_limited"
	case errors.Is(err, ErrConfig):
		return "config"
	case errors.Is(err, ErrSource):
		return "source"
	case errors.Is(err, ErrTooLarge):
		return "too_large"
	case errors.Is(err, ErrProtocol):
		return "protocol"
	default:
		return "_OTHER"
	}
}
