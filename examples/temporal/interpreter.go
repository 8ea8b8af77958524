package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/workflow"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/outcome"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/workflow"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// The names of the two workflows.
const (
	mailboxWorkflow = "process-mailbox" // one mailbox: syncs, and starts a child for each page
	pageWorkflow    = "process-page"    // a few attachments: every node of the workflow file but the first
)

// A workflow's history is bounded by these, however large the mailbox is.
const (
	pagesAtOnce = 8   // children of one mailbox at a time
	pagesPerRun = 100 // then the mailbox continues as a new run
	itemsAtOnce = 8   // activities of one loop at a time
)

// run is what a mailbox is processed with, and where it goes on from.
type run struct {
	Workflow json.RawMessage `json:"workflow"` // the workflow file
	Context  map[string]any  `json:"context"`  // of its templates
	Await    time.Duration   `json:"await"`    // how long to wait for each verdict

	Mailbox *mailboxPages `json:"mailbox,omitempty"` // once it is synced
	Next    int           `json:"next,omitempty"`    // page
	Failed  int           `json:"failed,omitempty"`  // pages
}

// summary is what a mailbox ends with; the rows are the results of its pages.
type summary struct {
	Pages  int `json:"pages"`
	Failed int `json:"failed"` // of them
}

// page is what a page is processed with.
type page struct {
	Workflow json.RawMessage      `json:"workflow"`
	Context  map[string]any       `json:"context"`
	Await    time.Duration        `json:"await"`
	Index    attachment.Reference `json:"index"`
	Number   int                  `json:"number"`
}

// load reads the workflow file. The first node brings the messages, in pages;
// the others run once for each page.
func load(file json.RawMessage) (source workflow.Node, rest []workflow.Node, err error) {
	wf, err := workflow.Load("workflow", bytes.NewReader(file))
	if err == nil && wf.Nodes[0].Type != syncType {
		err = fmt.Errorf("the first node is of type %q, not %q", wf.Nodes[0].Type, syncType)
	}
	if err != nil {
		return workflow.Node{}, nil, temporal.NewNonRetryableApplicationError(err.Error(), "WORKFLOW_FILE", nil)
	}
	return wf.Nodes[0], wf.Nodes[1:], nil
}

// processMailbox syncs the mailbox and starts a child workflow for each page.
func processMailbox(ctx sdk.Context, r run) (summary, error) {
	ctx = sdk.WithActivityOptions(ctx, hostActivities())
	source, _, err := load(r.Workflow)
	if err != nil {
		return summary{}, err
	}
	if r.Mailbox == nil {
		in, err := render(source, workflow.Scope{Context: r.Context})
		if err != nil {
			return summary{}, err
		}
		if err := sdk.ExecuteActivity(ctx, syncType, in).Get(ctx, &r.Mailbox); err != nil {
			return summary{}, err
		}
	}
	end := min(r.Next+pagesPerRun, r.Mailbox.Pages)
	if r.Failed += processPages(ctx, r, end); ctx.Err() != nil {
		return summary{}, ctx.Err()
	}
	if r.Next = end; r.Next < r.Mailbox.Pages {
		return summary{}, sdk.NewContinueAsNewError(ctx, mailboxWorkflow, r)
	}
	err = sdk.ExecuteActivity(ctx, releaseIndex, r.Mailbox.Index).Get(ctx, nil)
	return summary{Pages: r.Mailbox.Pages, Failed: r.Failed}, err
}

// processPages runs the pages up to end. A page that fails keeps no other.
func processPages(ctx sdk.Context, r run, end int) (failed int) {
	id := sdk.GetInfo(ctx).WorkflowExecution.ID
	forEach(ctx, pagesAtOnce, end-r.Next, func(ctx sdk.Context, i int) {
		number := r.Next + i
		ctx = sdk.WithChildOptions(ctx, sdk.ChildWorkflowOptions{WorkflowID: pageID(id, number)})
		in := page{r.Workflow, r.Context, r.Await, r.Mailbox.Index, number}
		if err := sdk.ExecuteChildWorkflow(ctx, pageWorkflow, in).Get(ctx, nil); err != nil {
			sdk.GetLogger(ctx).Error("page failed", "page", number, "error", err)
			failed++
		}
	})
	return failed
}

func pageID(mailbox string, number int) string { return fmt.Sprintf("%s/page-%d", mailbox, number) }

// processPage runs the nodes over one page, and lets go of what was staged for
// it once all results are in the history.
func processPage(ctx sdk.Context, p page) (outcome.Report, error) {
	ctx = sdk.WithActivityOptions(ctx, hostActivities())
	_, nodes, err := load(p.Workflow)
	if err != nil {
		return outcome.Report{}, err
	}
	var loaded loadedPage
	at := pageRef{Index: p.Index, Number: p.Number}
	if err := sdk.ExecuteActivity(ctx, loadPage, at).Get(ctx, &loaded); err != nil {
		return outcome.Report{}, err
	}
	report := outcome.New(loaded.Unreadable)
	in := interpreter{report}
	if _, err := in.nodes(ctx, nodes, workflow.Scope{JSON: loaded.JSON, Context: p.Context}); err != nil {
		return outcome.Report{}, err
	}
	if err := awaitVerdicts(ctx, report, p.Await); err != nil {
		return outcome.Report{}, err
	}
	return *report, sdk.ExecuteActivity(ctx, releasePage, at).Get(ctx, nil)
}

// interpreter executes nodes in workflow code: templates are rendered here,
// which package workflow promises to be deterministic; every node is an
// activity by the name of its type.
type interpreter struct{ report *outcome.Report }

// nodes executes nodes in order, each with the output of the one before, and
// returns the outputs up to the one that failed.
func (in interpreter) nodes(ctx sdk.Context, nodes []workflow.Node, scope workflow.Scope) (outputs []any, err error) {
	for _, node := range nodes {
		var output any
		if node.Type == workflow.LoopType {
			output, err = in.loop(ctx, node, scope)
		} else {
			output, err = execute(ctx, node, scope)
		}
		if err != nil {
			return outputs, err
		}
		outputs, scope = append(outputs, output), scope.With(output)
	}
	return outputs, nil
}

// loop executes the node's own nodes for every item, a few at a time. An item
// that fails is a row of the report, not the end of the loop.
func (in interpreter) loop(ctx sdk.Context, node workflow.Node, scope workflow.Scope) ([]any, error) {
	items, err := workflow.Items(node, scope)
	if err != nil {
		return nil, temporal.NewNonRetryableApplicationError(err.Error(), "WORKFLOW_FILE", nil)
	}
	last, rows := make([]any, len(items)), make([]outcome.Row, len(items))
	forEach(ctx, itemsAtOnce, len(items), func(ctx sdk.Context, i int) {
		outputs, err := in.nodes(ctx, node.Nodes, scope.With(items[i]))
		if err == nil {
			last[i] = outputs[len(outputs)-1]
		}
		rows[i] = outcome.NewRow(items[i], outputs, err)
		if err != nil { // what an engine says of a failure may be long
			rows[i].Result.Error, rows[i].Result.ErrorCode = short(err.Error()), attachment.CodeHandler
		}
	})
	in.report.Attachments = append(in.report.Attachments, rows...)
	return last, ctx.Err()
}

func render(node workflow.Node, scope workflow.Scope) (attachment.Node, error) {
	parameters, err := workflow.Render(node, scope)
	return attachment.Node{ID: node.ID, Name: node.Name, Type: node.Type, Parameters: parameters}, err
}

func execute(ctx sdk.Context, node workflow.Node, scope workflow.Scope) (any, error) {
	in, err := render(node, scope)
	if err != nil {
		return nil, err
	}
	if node.Type == attachment.NodeType {
		return temporalnode.ExecuteNode(sdk.WithActivityOptions(ctx, temporalnode.NodeActivityOptions()), in)
	}
	var output any
	err = sdk.ExecuteActivity(ctx, node.Type, in).Get(ctx, &output)
	return output, err
}

// awaitVerdicts brings the rows up to date.
func awaitVerdicts(ctx sdk.Context, r *outcome.Report, limit time.Duration) error {
	var failed error
	forEach(ctx, itemsAtOnce, len(r.Attachments), func(ctx sdk.Context, i int) {
		row := &r.Attachments[i]
		if limit <= 0 || row.ScanStatus != string(scan.StatusPending) {
			return
		}
		status, err := temporalnode.AwaitVerdict(ctx, row.Result.Output.Data.AttachmentID, limit)
		if err != nil {
			failed = errors.Join(failed, err)
			return
		}
		row.ScanStatus, row.Result.Output.Data.VirusScanStatus = string(status), status
	})
	return failed
}

// forEach calls do for 0 to n-1, at most atOnce at a time, and returns when all
// have ended.
func forEach(ctx sdk.Context, atOnce, n int, do func(ctx sdk.Context, i int)) {
	places, all := sdk.NewSemaphore(ctx, int64(atOnce)), sdk.NewWaitGroup(ctx)
	for i := range n {
		if places.Acquire(ctx, 1) != nil {
			break // cancelled
		}
		all.Add(1)
		sdk.Go(ctx, func(ctx sdk.Context) {
			defer all.Done()
			defer places.Release(1)
			do(ctx, i)
		})
	}
	all.Wait(ctx)
}

// hostActivities are the options of what is not the attachment handler.
func hostActivities() sdk.ActivityOptions {
	return sdk.ActivityOptions{
		StartToCloseTimeout: time.Hour,
		HeartbeatTimeout:    30 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute, MaximumAttempts: 20},
	}
}
