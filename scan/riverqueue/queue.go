package riverqueue

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// DefaultQueue is the River queue that scans wait in. The host names it in
// river.Config.Queues, and there says how many scans one process runs at once.
const DefaultQueue = "attachment_scans"

// Args is what a job carries. The ledger knows the rest, so neither bytes nor
// file names reach River's table, its logs and its user interface.
type Args struct {
	TenantID  string `json:"tenantId" river:"unique"`
	ContentID string `json:"contentId" river:"unique"`

	// Replaces is the job that was to do this and will not do it soon: its
	// process died, or it sleeps. 0 if there is none.
	Replaces int64 `json:"replaces,omitempty" river:"unique"`
}

// Kind names the job to River.
func (Args) Kind() string { return "attachment_scan" }

// Queue is a scan.Queue over a River client. It is safe for concurrent use.
type Queue[TTx any] struct {
	client *river.Client[TTx]
	opts   QueueOptions
}

var _ scan.Queue = (*Queue[struct{}])(nil)

// QueueOptions shapes a Queue.
type QueueOptions struct {
	// Name is the River queue. Defaults to DefaultQueue.
	Name string

	// Lease is the workers' scan.WorkerOptions.Lease: a job that has been
	// running for longer may have lost its process. Defaults to 15 seconds.
	Lease time.Duration
}

// NewQueue returns a Queue that inserts with client. The client need not be
// started, and may be one that only inserts.
func NewQueue[TTx any](client *river.Client[TTx], opts *QueueOptions) *Queue[TTx] {
	o := *cmp.Or(opts, &QueueOptions{})
	o.Name = cmp.Or(o.Name, DefaultQueue)
	o.Lease = cmp.Or(o.Lease, 15*time.Second)
	return &Queue[TTx]{client: client, opts: o}
}

// Enqueue inserts a job, unless there is one for the same content that will be
// worked soon. An error means that there is none; the Reconciler tries again.
func (q *Queue[TTx]) Enqueue(ctx context.Context, job scan.Job) error {
	return q.enqueue(job, func(args Args, opts *river.InsertOpts) (*rivertype.JobInsertResult, error) {
		return q.client.Insert(ctx, args, opts)
	})
}

// EnqueueTx is Enqueue within the host's transaction: no worker sees the job
// before it commits. Until then, others who enqueue the same content wait.
func (q *Queue[TTx]) EnqueueTx(ctx context.Context, tx TTx, job scan.Job) error {
	return q.enqueue(job, func(args Args, opts *river.InsertOpts) (*rivertype.JobInsertResult, error) {
		return q.client.InsertTx(ctx, tx, args, opts)
	})
}

// maxReplaced bounds the processes that one content may have lost within the
// time that River's rescuer takes. scan.WorkerOptions.MaxAttempts ends it
// sooner.
const maxReplaced = 32

// enqueue inserts a job. Where a duplicate keeps it out that will not be
// worked soon, it inserts one in its place. That one is unique in turn: it is
// inserted once, however long the old one lasts.
func (q *Queue[TTx]) enqueue(job scan.Job, insert func(Args, *river.InsertOpts) (*rivertype.JobInsertResult, error)) error {
	if err := tenant.ValidateID(job.TenantID); err != nil {
		return fmt.Errorf("riverqueue: enqueue %s: %w", job.ContentID, err)
	}
	args := Args{TenantID: job.TenantID, ContentID: job.ContentID}
	opts := &river.InsertOpts{Queue: q.opts.Name, Priority: priority(job.Priority), UniqueOpts: unique()}
	for range maxReplaced {
		inserted, err := insert(args, opts)
		if err != nil {
			return fmt.Errorf("riverqueue: enqueue %s: %w", job.ContentID, err)
		}
		if !inserted.UniqueSkippedAsDuplicate || q.soon(inserted.Job) {
			return nil
		}
		args.Replaces = inserted.Job.ID
	}
	return fmt.Errorf("riverqueue: enqueue %s: %d jobs were lost with it", job.ContentID, maxReplaced)
}

// soon reports whether a job in the table will be worked without further ado.
// A wrong no costs a job that finds nothing to do; a wrong yes would cost the
// hour until River's rescuer comes by. AttemptedAt is the database's clock: one
// that runs ahead of the host's delays the no by the difference.
func (q *Queue[TTx]) soon(job *rivertype.JobRow) bool {
	now := time.Now()
	switch job.State {
	case rivertype.JobStateRunning:
		return job.AttemptedAt == nil || now.Sub(*job.AttemptedAt) < q.opts.Lease
	case rivertype.JobStateScheduled:
		return !job.ScheduledAt.After(now) // a snoozed one sleeps while an admin asks for a rescan
	default:
		return true
	}
}

// unique allows one unfinished job per Args. A job that River retries after a
// failure of the ledger does not count: its pauses grow to hours, and the
// Reconciler is quicker.
func unique() river.UniqueOpts {
	return river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}
}

// priority maps the scan's priorities, of which higher ones go first and 0 is
// usual, to River's four, of which 1 goes first. Usual is 2, so that there is
// room above it.
func priority(p int) int { return min(max(2-p, 1), 4) }
