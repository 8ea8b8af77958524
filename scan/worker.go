package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// A Worker does jobs: it claims the content in the ledger, scans it, and
// settles the claim. Every queue uses the same one. It is safe for concurrent
// use and has no goroutine of its own.
type Worker struct {
	scanner Scanner
	named   map[string]Scanner
	ledger  Ledger
	opts    WorkerOptions
	meter   *workerMeter
	tracing
}

// WorkerOptions shapes a Worker.
type WorkerOptions struct {
	// Scanners are those that a Job may name. A job that names another one
	// ends in StatusError. Defaults to none.
	Scanners map[string]Scanner

	// Timeout bounds one scan. Defaults to 10 minutes.
	Timeout time.Duration

	// Lease is how long a claim outlives a worker that died: for so long its
	// content waits for another one. The worker renews the claim three times
	// within it while the scan goes on. Defaults to 15 seconds.
	Lease time.Duration

	// MaxAttempts bounds the scans of one content that fail, or that never
	// end because they take the process with them. Outages do not count: see
	// Policy.Patience. Defaults to 8.
	MaxAttempts int

	// Backoff is the pause after the first failed scan. It doubles with each
	// further one, up to MaxBackoff, and is shortened by up to half at
	// random. Defaults to 15 seconds and 15 minutes.
	Backoff, MaxBackoff time.Duration

	// MaxOutageBackoff bounds the pause while the scanner is down or its
	// quota is used up. Defaults to 2 minutes.
	MaxOutageBackoff time.Duration

	// Policy says how long to wait for a scanner that is down. Defaults to
	// the zero Policy.
	Policy Policy

	// OnVerdict is called after a final outcome was settled: to notify somebody,
	// or to resume a workflow that waits. A rescan that ends in StatusError leaves
	// an earlier verdict in place: ask the record. It is called at most once per
	// outcome; a crash in between loses the call, not the outcome.
	// Defaults to nothing.
	OnVerdict func(ctx context.Context, job Job, outcome Outcome)

	// Logger defaults to none.
	Logger *slog.Logger

	// TracerProvider receives a span for every job and its steps,
	// MeterProvider scan.outcomes and scan.duration. Their attributes are in
	// the documentation of package attachment. Defaults to none.
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider

	// TenantAttribute adds tenant.id to both. Every tenant is then a time
	// series of its own, times every other attribute: for some hundred
	// tenants, not for a hundred thousand. Defaults to false.
	TenantAttribute bool
}

// NewWorker returns a Worker that scans with scanner, behind a [Guard].
func NewWorker(scanner Scanner, ledger Ledger, opts *WorkerOptions) *Worker {
	o := *cmp.Or(opts, &WorkerOptions{})
	o.Timeout = cmp.Or(o.Timeout, 10*time.Minute)
	o.Lease = cmp.Or(o.Lease, 15*time.Second)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 8)
	o.Backoff = cmp.Or(o.Backoff, 15*time.Second)
	o.MaxBackoff = cmp.Or(o.MaxBackoff, 15*time.Minute)
	o.MaxOutageBackoff = cmp.Or(o.MaxOutageBackoff, 2*time.Minute)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	t := newTracing(&o)
	w := &Worker{
		scanner: t.scanner(Guard(scanner)), named: map[string]Scanner{}, ledger: t.ledger(ledger),
		opts: o, meter: newWorkerMeter(&o), tracing: t,
	}
	for name, s := range o.Scanners {
		w.named[name] = t.scanner(Guard(s))
	}
	return w
}

// settleTimeout bounds what the ledger may take before a scan and after it, also
// where the worker was stopped: a ledger that hangs shall not take the worker
// with it.
const settleTimeout = 30 * time.Second

// Timeout is how long Work may take: one scan, and the ledger before and after
// it. A queue that gives jobs a deadline of its own gives this one.
func (w *Worker) Timeout() time.Duration { return w.opts.Timeout + 2*settleTimeout }

// Work does one job. It returns
//
//   - nil: a verdict is settled;
//   - ErrNotDue: there was nothing to do, or another worker has taken over;
//   - a [*RetryError]: no verdict yet, the job is due again later;
//   - ErrGaveUp: settled as StatusError, a queue should drop the job;
//   - any other error: the ledger failed. The claim lapses with its lease,
//     and the Reconciler brings the job back.
//
// When ctx ends, the scan is cut short and the claim given back.
func (w *Worker) Work(ctx context.Context, job Job) error {
	return w.step(ctx, "scan.work", func(ctx context.Context) error { return w.work(ctx, job) })
}

func (w *Worker) work(ctx context.Context, job Job) error {
	claim, err := w.claim(ctx, job)
	if err != nil {
		return fmt.Errorf("scan: claim %s: %w", job.ContentID, err)
	}
	job = claim.Job

	begun := time.Now()
	var res Result
	var scanErr error
	if err := w.hold(ctx, claim, func(ctx context.Context) { res, scanErr = w.scan(ctx, claim) }); err != nil {
		return fmt.Errorf("scan: hold %s: %w", job.ContentID, err)
	}
	outcome, verdictErr := w.judge(ctx, job, stamp(res, begun), scanErr)

	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := w.ledger.Settle(settling, claim, outcome); err != nil {
		return fmt.Errorf("scan: settle %s: %w", job.ContentID, err)
	}
	w.report(settling, job, outcome, scanErr, time.Since(begun))
	return verdictErr
}

func (w *Worker) claim(ctx context.Context, job Job) (Claim, error) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	return w.ledger.Claim(ctx, job, w.opts.Lease)
}

// hold renews the claim while scan runs, but not past its deadline: a scanner
// that ignores it loses its claim. If another worker has taken the claim over,
// the scan is cut short and its result is nobody's: hold then returns
// ErrNotDue.
func (w *Worker) hold(ctx context.Context, claim Claim, scan func(context.Context)) error {
	ctx, cancel := context.WithTimeout(ctx, w.opts.Timeout)
	defer cancel()
	var lost error
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(w.opts.Lease / 3)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			// Any other failure leaves the claim as it is; the next tick tries again.
			if err := w.ledger.Extend(ctx, claim, w.opts.Lease); errors.Is(err, ErrNotDue) {
				lost = err
				cancel()
				return
			}
		}
	}()
	scan(ctx)
	cancel()
	<-done
	return lost
}

func (w *Worker) scan(ctx context.Context, claim Claim) (Result, error) {
	job := claim.Job
	scanner := w.scanner
	if job.Scanner != "" {
		named, ok := w.named[job.Scanner]
		if !ok {
			return Result{}, &Error{Scanner: job.Scanner, Op: "select", Err: fmt.Errorf("%w: no such scanner", ErrConfig)}
		}
		scanner = named
	}
	if job.Attempt >= w.opts.MaxAttempts {
		return Result{}, &Error{Scanner: "worker", Op: "begin", Err: fmt.Errorf("%d scans began and none ended", job.Attempt)}
	}
	return scanner.Scan(ctx, claim.Object)
}

func stamp(res Result, begun time.Time) Result {
	if res.ScannedAt.IsZero() && res.Verdict != Unknown {
		res.ScannedAt = time.Now().UTC()
	}
	res.Duration = cmp.Or(res.Duration, time.Since(begun))
	return res
}

func (w *Worker) report(ctx context.Context, job Job, outcome Outcome, scanErr error, took time.Duration) {
	w.meter.record(ctx, job.TenantID, outcome.Status, scanErr, took)
	w.describe(ctx, job, outcome)
	log := w.opts.Logger.With("tenant", job.TenantID, "content", job.ContentID, "attempt", job.Attempt+1, "status", string(outcome.Status))
	var p *PanicError
	if errors.As(scanErr, &p) {
		log.ErrorContext(ctx, "scanner panicked", "error", outcome.Err, "stack", string(p.Stack))
	}
	switch outcome.Status {
	case StatusPending:
		log.InfoContext(ctx, "scan reached no verdict", "error", outcome.Err, "next", outcome.NextAt)
		return
	case StatusClean:
		log.DebugContext(ctx, "scanned", "engine", outcome.Result.Engine, "took", took)
	default:
		log.WarnContext(ctx, "scanned", "threat", outcome.Result.Threat, "engine", outcome.Result.Engine, "error", outcome.Err, "took", took)
	}
	if w.opts.OnVerdict == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			log.ErrorContext(ctx, "OnVerdict panicked", "panic", v)
		}
	}()
	w.opts.OnVerdict(ctx, job, outcome)
}
