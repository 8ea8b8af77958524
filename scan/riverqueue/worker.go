package riverqueue

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// Worker does River's jobs with a scan.Worker. Register it with
// river.AddWorker.
type Worker struct {
	river.WorkerDefaults[Args]
	worker *scan.Worker
}

var _ river.Worker[Args] = (*Worker)(nil)

// NewWorker returns a Worker that scans with worker.
func NewWorker(worker *scan.Worker) *Worker { return &Worker{worker: worker} }

// Timeout overrides river.Config.JobTimeout: the scan.Worker bounds each scan
// itself, and River must not be quicker.
func (w *Worker) Timeout(*river.Job[Args]) time.Duration { return w.worker.Timeout() }

// Work does one job and tells River how it ended:
//
//   - a verdict, or nothing to do: the job is completed;
//   - no verdict yet: the job is snoozed until it is due again, which is not
//     an attempt and not an error to River;
//   - no verdict ever: the job is cancelled, with the reason;
//   - the ledger failed: the job fails, and River retries it.
//
// A client that stops cuts scans short; their jobs are available again at once.
func (w *Worker) Work(ctx context.Context, job *river.Job[Args]) error {
	err := w.worker.Work(ctx, scan.Job{TenantID: job.Args.TenantID, ContentID: job.Args.ContentID})
	var again *scan.RetryError
	switch {
	case errors.Is(err, scan.ErrNotDue):
		return nil
	case errors.As(err, &again):
		return river.JobSnooze(max(0, time.Until(again.At)))
	case errors.Is(err, scan.ErrGaveUp):
		return river.JobCancel(err)
	default:
		return err
	}
}
