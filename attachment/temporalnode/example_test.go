package temporalnode_test

import (
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/claimcheck"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// A worker process: everything that the package registers.
func Example() {
	run := func(store, staged blob.Store, repo attachment.Repository, scanner scan.Scanner, manager tenant.Manager) error {
		tenants := temporalnode.NewTenants(manager.Resolve)
		c, err := client.Dial(client.Options{ContextPropagators: []workflow.ContextPropagator{tenants}})
		if err != nil {
			return err
		}
		defer c.Close()
		scoped := tenant.NewStore(store, &tenant.StoreOptions{Manager: manager})
		handler, err := attachment.New(scoped, repo, &attachment.Options{Queue: temporalnode.NewScanQueue(c, "attachments")})
		if err != nil {
			return err
		}
		verdicts := temporalnode.NewVerdicts(c, handler)

		w := worker.New(c, "attachments", worker.Options{Interceptors: []interceptor.WorkerInterceptor{tenants}})
		temporalnode.NewNode(handler, claimcheck.New(staged, nil), nil).Register(w)
		temporalnode.NewScans(scanner, attachment.NewLedger(scoped, repo), &scan.WorkerOptions{OnVerdict: verdicts.OnVerdict}, nil).Register(w)
		verdicts.Register(w)
		return w.Run(worker.InterruptCh())
	}
	_ = run
}

// A workflow that stores an attachment and waits until it is scanned.
func ExampleAwaitVerdict() {
	process := func(ctx workflow.Context, node attachment.Node) (scan.Status, error) {
		result, err := temporalnode.ExecuteNode(ctx, node)
		if err != nil || result.Status != attachment.StatusSuccess {
			return "", err // a refusal is in result, for the workflow to branch on
		}
		return temporalnode.AwaitVerdict(ctx, result.Output.Data.AttachmentID, time.Hour)
	}
	_ = process
}
