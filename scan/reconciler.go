package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// A Reconciler hands pending jobs to a queue again and again until they are
// settled: what a crash lost, what a full queue turned away, what waited for a
// scanner to come back. With it running, a job that is due is enqueued again
// within its interval, up to Batch at a time.
type Reconciler struct {
	ledger Ledger
	queue  Queue
	opts   ReconcilerOptions
	meter  *backlogMeter
}

// ReconcilerOptions shapes a Reconciler.
type ReconcilerOptions struct {
	// Interval is the time between two looks. Defaults to 15 seconds.
	Interval time.Duration

	// Batch is how many jobs one look enqueues at most. Defaults to 1,000.
	Batch int

	// OnBacklog is told after every look what is pending, and since when.
	// Defaults to nothing.
	OnBacklog func(ctx context.Context, b Backlog)

	// WarnAge is how old the oldest pending content may grow before every
	// look logs a warning. Defaults to 15 minutes.
	WarnAge time.Duration

	// Logger defaults to none.
	Logger *slog.Logger

	// MeterProvider receives scan.pending and scan.pending.oldest. Defaults
	// to none.
	MeterProvider metric.MeterProvider
}

// A ReconcileReport is what one look found.
type ReconcileReport struct {
	Enqueued int
	Backlog  Backlog
}

// NewReconciler returns a Reconciler between ledger and queue. It does nothing
// until Once or Run.
func NewReconciler(ledger Ledger, queue Queue, opts *ReconcilerOptions) *Reconciler {
	o := *cmp.Or(opts, &ReconcilerOptions{})
	o.Interval = cmp.Or(o.Interval, 15*time.Second)
	o.Batch = cmp.Or(o.Batch, 1000)
	o.WarnAge = cmp.Or(o.WarnAge, 15*time.Minute)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	return &Reconciler{ledger: ledger, queue: queue, opts: o, meter: newBacklogMeter(o.MeterProvider)}
}

// Run looks at once and then every Interval, until ctx ends; then it returns
// nil. A look that fails is logged, and the next one comes in its time.
func (r *Reconciler) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := r.Once(ctx); err != nil && ctx.Err() == nil {
			r.opts.Logger.ErrorContext(ctx, "scan reconciler failed", "error", err)
		}
		pause(ctx, r.opts.Interval)
	}
	return nil
}

// lookTimeout bounds one look: a ledger or a queue that hangs is asked again.
const lookTimeout = time.Minute

// Once enqueues what is due and reports what is pending. A job that the queue
// refuses does not keep the others from it.
func (r *Reconciler) Once(ctx context.Context) (ReconcileReport, error) {
	var report ReconcileReport
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	due, err := r.ledger.Due(ctx, r.opts.Batch)
	if err != nil {
		return report, fmt.Errorf("scan: what is due: %w", err)
	}
	var refused error
	for _, job := range due {
		if err := r.queue.Enqueue(ctx, job); err != nil {
			refused = err
			continue
		}
		report.Enqueued++
	}
	if refused != nil {
		refused = fmt.Errorf("scan: the queue refused %d of %d jobs, last with: %w", len(due)-report.Enqueued, len(due), refused)
	}
	if report.Backlog, err = r.ledger.Backlog(ctx); err != nil {
		return report, errors.Join(refused, fmt.Errorf("scan: backlog: %w", err))
	}
	r.observe(ctx, report)
	return report, refused
}

func (r *Reconciler) observe(ctx context.Context, report ReconcileReport) {
	b := report.Backlog
	r.meter.record(ctx, b)
	if age := b.Age(); age > r.opts.WarnAge {
		r.opts.Logger.WarnContext(ctx, "attachments wait for their scan", "pending", b.Pending, "oldest", age.Round(time.Second), "enqueued", report.Enqueued)
	}
	if r.opts.OnBacklog != nil {
		r.opts.OnBacklog(ctx, b)
	}
}
