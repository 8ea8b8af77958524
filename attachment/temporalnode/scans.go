package temporalnode

import (
	"cmp"
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// ScanWorkflow is the name of the workflow that scans one content, and of its
// one activity.
const ScanWorkflow = "scan-attachment"

// ScanInput is what a scan is started with. The ledger knows the rest.
type ScanInput struct {
	TenantID  string `json:"tenantId"`
	ContentID string `json:"contentId"`
}

// The types of the errors that a scan ends an attempt with.
const (
	ScanRetry  = "SCAN_RETRY"   // no verdict yet; the next attempt has its time
	ScanGaveUp = "SCAN_GAVE_UP" // no verdict ever; the record says "error"
	ScanLedger = "SCAN_LEDGER"  // the database failed
)

// Scans are the scan workflow and its activity, over a scan.Worker.
type Scans struct {
	worker *scan.Worker
	lease  time.Duration
	opts   ScanOptions
}

// ScanOptions shapes Scans.
type ScanOptions struct {
	// Stall is how long a scan may go without a word from the ledger, which it
	// asks three times within scan.WorkerOptions.Lease. Defaults to one minute.
	Stall time.Duration
}

// NewScans returns what scans with scanner and keeps the verdicts in ledger.
// work and opts may be nil.
func NewScans(scanner scan.Scanner, ledger scan.Ledger, work *scan.WorkerOptions, opts *ScanOptions) *Scans {
	w := *cmp.Or(work, &scan.WorkerOptions{})
	w.Lease = cmp.Or(w.Lease, 15*time.Second)
	o := *cmp.Or(opts, &ScanOptions{})
	o.Stall = max(cmp.Or(o.Stall, defaultStall), w.Lease)
	return &Scans{worker: scan.NewWorker(scanner, pulsingLedger{ledger}, &w), lease: w.Lease, opts: o}
}

// Register registers the workflow and the activity.
func (s *Scans) Register(r worker.Registry) {
	r.RegisterWorkflowWithOptions(s.workflow, workflow.RegisterOptions{Name: ScanWorkflow})
	r.RegisterActivityWithOptions(s.scan, activity.RegisterOptions{Name: ScanWorkflow})
}

// workflow scans until there is a verdict, or none can be reached. The waiting
// between attempts is the server's: it costs no history.
func (s *Scans) workflow(ctx workflow.Context, in ScanInput) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: s.worker.Timeout(),
		// A dead worker's claim must have lapsed before the next attempt, which
		// would otherwise find nothing to do.
		HeartbeatTimeout: max(10*time.Second, 2*s.lease),
		RetryPolicy:      &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
	})
	return workflow.ExecuteActivity(ctx, ScanWorkflow, in).Get(ctx, nil)
}

// scan makes one attempt. Nothing to do is done: the content is settled, gone,
// or another worker's, and the Reconciler knows if that was wrong.
func (s *Scans) scan(ctx context.Context, in ScanInput) error {
	var err error
	_ = watched(ctx, s.opts.Stall, func(ctx context.Context) {
		err = s.worker.Work(ctx, scan.Job{TenantID: in.TenantID, ContentID: in.ContentID})
	})
	var again *scan.RetryError
	switch {
	case err == nil, errors.Is(err, scan.ErrNotDue):
		return nil
	case cancelled(ctx):
		return ctx.Err()
	case errors.As(err, &again):
		return temporal.NewApplicationErrorWithOptions(err.Error(), ScanRetry,
			temporal.ApplicationErrorOptions{NextRetryDelay: max(time.Millisecond, time.Until(again.At))})
	case errors.Is(err, scan.ErrGaveUp):
		return temporal.NewNonRetryableApplicationError(err.Error(), ScanGaveUp, nil)
	default:
		return temporal.NewApplicationError(err.Error(), ScanLedger)
	}
}

// pulsingLedger counts each answer of the ledger as progress.
type pulsingLedger struct{ scan.Ledger }

func (l pulsingLedger) Claim(ctx context.Context, job scan.Job, lease time.Duration) (scan.Claim, error) {
	defer progressed(ctx, 1)
	return l.Ledger.Claim(ctx, job, lease)
}

func (l pulsingLedger) Extend(ctx context.Context, claim scan.Claim, lease time.Duration) error {
	err := l.Ledger.Extend(ctx, claim, lease)
	if err == nil {
		progressed(ctx, 1)
	}
	return err
}
