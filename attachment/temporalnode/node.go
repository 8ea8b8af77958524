package temporalnode

import (
	"cmp"
	"context"
	"maps"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// Node is the activity that executes the node. It is safe for concurrent use.
type Node struct {
	handler *attachment.AttachmentHandler
	source  attachment.Source
	opts    NodeOptions
}

// NodeOptions shapes a Node.
type NodeOptions struct {
	// Parameters are used where a node leaves them open. Defaults to none.
	Parameters map[string]any

	// Stall is how long an execution may go without reading a byte before it
	// is cut off and retried. It must be longer than the slowest commit of
	// the database and the blob store. Defaults to one minute.
	Stall time.Duration
}

// NewNode returns the activity over handler. source opens attachmentData given
// as a reference; the handler's own Options.Source is not asked.
func NewNode(handler *attachment.AttachmentHandler, source attachment.Source, opts *NodeOptions) *Node {
	o := *cmp.Or(opts, &NodeOptions{})
	o.Stall = cmp.Or(o.Stall, defaultStall)
	return &Node{handler: handler, source: source, opts: o}
}

// Register registers Execute under attachment.NodeType.
func (n *Node) Register(r worker.ActivityRegistry) {
	r.RegisterActivityWithOptions(n.Execute, activity.RegisterOptions{Name: attachment.NodeType})
}

// Execute executes the node for the tenant of ctx. A refusal is a result, a
// fault that may pass is an error: see [Failure]. A cancelled execution that
// had stored the attachment already says so.
func (n *Node) Execute(ctx context.Context, node attachment.Node) (attachment.Result, error) {
	var result attachment.Result
	cut := watched(ctx, n.opts.Stall, func(ctx context.Context) {
		node.Parameters = n.parameters(ctx, node.Parameters)
		result = n.handler.Execute(ctx, node)
	})
	switch {
	case result.Status == attachment.StatusSuccess:
		return result, nil
	case cancelled(ctx):
		return attachment.Result{}, ctx.Err()
	case cut != nil:
		result.Retryable = new(true) // whatever it looked like: the worker ended it
	}
	if retryable(result) {
		return attachment.Result{}, Failure(result)
	}
	return result, nil
}

// parameters fills in what the node leaves open, and puts the stream in place
// of a reference. What is no reference is for the handler to judge.
func (n *Node) parameters(ctx context.Context, given map[string]any) map[string]any {
	parameters := maps.Clone(n.opts.Parameters)
	if parameters == nil {
		parameters = map[string]any{}
	}
	maps.Copy(parameters, given)
	object, _ := parameters["attachmentData"].(map[string]any)
	if ref, ok := object["ref"].(string); ok && ref != "" && len(object) == 1 && n.source != nil {
		parameters["attachmentData"] = countedReader{attachment.OpenLater(ctx, n.source, attachment.Reference{Ref: ref}), ctx}
	}
	return parameters
}

// ExecuteNode executes the node from a workflow, and returns what any other
// host would: an attachment.Result, also where Temporal gave up. It uses the
// activity options of ctx, or [NodeActivityOptions] where ctx has none. err is
// only what is no result: a cancellation, or a timeout.
func ExecuteNode(ctx workflow.Context, node attachment.Node) (attachment.Result, error) {
	if o := workflow.GetActivityOptions(ctx); o.StartToCloseTimeout == 0 && o.ScheduleToCloseTimeout == 0 {
		ctx = workflow.WithActivityOptions(ctx, NodeActivityOptions())
	}
	var result attachment.Result
	err := workflow.ExecuteActivity(ctx, attachment.NodeType, node).Get(ctx, &result)
	return ResultOf(result, err)
}

// NodeActivityOptions suit attachments of every size: a worker that dies is
// noticed within 15 seconds, and an outage is sat out for a day.
func NodeActivityOptions() workflow.ActivityOptions {
	return workflow.ActivityOptions{
		ScheduleToCloseTimeout: 24 * time.Hour,
		StartToCloseTimeout:    time.Hour,
		HeartbeatTimeout:       15 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
	}
}
