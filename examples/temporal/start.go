package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"go.temporal.io/sdk/client"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/outcome"
)

// maxWorkflowBytes keeps the file, which travels to every page, out of the way
// of Temporal's limit.
const maxWorkflowBytes = 64 << 10

// start starts the workflow, waits for its end, and prints what came of it.
func start(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	file, err := os.ReadFile(s.workflow)
	if err != nil {
		return err
	}
	if len(file) > maxWorkflowBytes {
		return fmt.Errorf("%s: is larger than %d bytes", s.workflow, maxWorkflowBytes)
	}
	if _, _, err := load(file); err != nil {
		return err
	}
	c, err := dial(s, temporalnode.NewTenants(s.resolve), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer c.Close()
	ctx = s.own(ctx)
	in := run{Workflow: file, Context: map[string]any{"emailAccountId": "mail", "folderId": "INBOX"}, Await: s.wait}
	started, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: s.id, TaskQueue: s.queue}, mailboxWorkflow, in)
	if err != nil {
		return err
	}
	fmt.Fprintln(stderr, "temporal: started", started.GetID())
	var end summary
	if err := started.Get(ctx, &end); err != nil {
		return err
	}
	all := outcome.New(nil)
	for number := range end.Pages {
		var page outcome.Report
		if err := c.GetWorkflow(ctx, pageID(started.GetID(), number), "").Get(ctx, &page); err != nil {
			fmt.Fprintf(stderr, "temporal: page %d: %v\n", number, err)
			continue
		}
		all.Attachments = append(all.Attachments, page.Attachments...)
		all.Unreadable = append(all.Unreadable, page.Unreadable...)
	}
	if err := all.Print(stdout, s.asJSON); err != nil {
		return err
	}
	if end.Failed > 0 {
		return fmt.Errorf("%d of %d pages failed", end.Failed, end.Pages)
	}
	return nil
}
