package temporalnode

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

const (
	verdictName = "attachment-verdict" // the workflow that knows who waits, and the activity that asks
	waitSignal  = "wait"
	readySignal = "verdict"

	hubPatience = time.Hour        // after which who still waits subscribes anew
	firstPause  = 15 * time.Second // between a waiting workflow's own questions
	lastPause   = 10 * time.Minute
)

// Verdicts wakes the workflows that wait for a verdict. It works with any
// scan.Queue:
//
//	workflow ─ AwaitVerdict ─► activity ─ "wait" ─► attachment-verdict/tenant/hash
//	    ▲                                               ▲           │
//	    │                        OnVerdict ─ "verdict" ─┘           │
//	    └──────────────────────── signal ◄──────────────────────────┘
//
// A signal says only that it is worth asking: the verdict itself always comes
// from the database, on behalf of the tenant who waits. One that is lost costs
// time, for the workflow also asks by itself.
type Verdicts struct {
	client  client.Client
	handler *attachment.AttachmentHandler
}

// NewVerdicts returns Verdicts that ask handler.
func NewVerdicts(c client.Client, handler *attachment.AttachmentHandler) *Verdicts {
	return &Verdicts{c, handler}
}

// Register registers the workflow and the activity behind AwaitVerdict.
func (v *Verdicts) Register(r worker.Registry) {
	r.RegisterWorkflowWithOptions(hub, workflow.RegisterOptions{Name: verdictName})
	r.RegisterActivityWithOptions(v.ask, activity.RegisterOptions{Name: verdictName})
}

// OnVerdict is for scan.WorkerOptions. It does nothing if nobody waits.
func (v *Verdicts) OnVerdict(ctx context.Context, job scan.Job, _ scan.Outcome) {
	ctx, cancel := asSystem(ctx)
	defer cancel()
	// A failure costs time: who waits asks by himself.
	_ = v.client.SignalWorkflow(ctx, hubID(job.TenantID, job.SHA256), "", readySignal, nil)
}

// subscriber is a workflow that waits for one attachment.
type subscriber struct {
	WorkflowID   string `json:"workflowId"`
	RunID        string `json:"runId"`
	AttachmentID string `json:"attachmentId"`
}

// ask returns where an attachment of the tenant of ctx stands. If that is
// pending, the workflow that asks is told when it no longer is.
func (v *Verdicts) ask(ctx context.Context, attachmentID string) (scan.Status, error) {
	record, err := v.handler.Get(ctx, attachmentID)
	if err != nil || record.VirusScanStatus != scan.StatusPending {
		return record.VirusScanStatus, askError(err)
	}
	if err := v.subscribe(ctx, record); err != nil {
		return "", fmt.Errorf("temporalnode: wait for the verdict on %s: %w", attachmentID, err)
	}
	record, err = v.handler.Get(ctx, attachmentID) // it may have come meanwhile
	return record.VirusScanStatus, askError(err)
}

// subscribe has the hub tell the workflow that this activity belongs to.
func (v *Verdicts) subscribe(ctx context.Context, record attachment.EmailAttachment) error {
	info := activity.GetInfo(ctx)
	ctx, cancel := asSystem(ctx)
	defer cancel()
	_, err := v.client.SignalWithStartWorkflow(ctx, hubID(record.TenantID, record.ContentHash), waitSignal,
		subscriber{info.WorkflowExecution.ID, info.WorkflowExecution.RunID, record.ID},
		client.StartWorkflowOptions{TaskQueue: info.TaskQueue}, verdictName)
	return err
}

func askError(err error) error {
	switch e := attachment.AsError(err); {
	case err == nil:
		return nil
	case errors.Is(err, attachment.ErrNotFound):
		return temporal.NewNonRetryableApplicationError(attachment.ErrNotFound.Error(), "NOT_FOUND", nil)
	case e.Code == attachment.CodeForbidden:
		return temporal.NewNonRetryableApplicationError(e.Message, string(e.Code), nil)
	default:
		return temporal.NewApplicationError(e.Message, string(e.Code))
	}
}

// AwaitVerdict waits in a workflow until the attachment has a verdict, for
// limit at most, and returns where it stands then: still pending if limit is
// over. It fails if the database cannot be asked for that long and a minute.
// The workflow needs the tenant in its header, as [Tenants] brings it.
func AwaitVerdict(ctx workflow.Context, attachmentID string, limit time.Duration) (scan.Status, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: limit + time.Minute,
		StartToCloseTimeout:    10 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
	})
	ready := workflow.GetSignalChannel(ctx, verdictSignal(attachmentID))
	deadline := workflow.Now(ctx).Add(limit)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		var status scan.Status
		if err := workflow.ExecuteActivity(ctx, verdictName, attachmentID).Get(ctx, &status); err != nil {
			return "", err
		}
		left := deadline.Sub(workflow.Now(ctx))
		if status != scan.StatusPending || left <= 0 {
			return status, nil
		}
		ready.ReceiveWithTimeout(ctx, min(pause, left), nil)
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
	}
}

// hub knows who waits for the verdict on one content, and tells them.
func hub(ctx workflow.Context) error {
	var waiting []subscriber
	wait, verdict := workflow.GetSignalChannel(ctx, waitSignal), workflow.GetSignalChannel(ctx, readySignal)
	timeout := workflow.NewTimer(ctx, hubPatience)
	over := false
	join := func(c workflow.ReceiveChannel, _ bool) {
		var s subscriber
		if c.ReceiveAsync(&s) && !slices.Contains(waiting, s) {
			waiting = append(waiting, s)
		}
	}
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(wait, join)
	selector.AddReceive(verdict, func(c workflow.ReceiveChannel, _ bool) { c.ReceiveAsync(nil); over = true })
	selector.AddFuture(timeout, func(workflow.Future) { over = true })
	for !over || wait.Len() > 0 {
		selector.Select(ctx)
	}
	for _, s := range waiting {
		// Who has gone on since needs no signal.
		_ = workflow.SignalExternalWorkflow(ctx, s.WorkflowID, s.RunID, verdictSignal(s.AttachmentID), nil).Get(ctx, nil)
	}
	return nil
}

func verdictSignal(attachmentID string) string { return verdictName + "/" + attachmentID }

func hubID(tenantID, sha256 string) string { return verdictName + "/" + tenantID + "/" + sha256 }
