package temporalnode_test

import (
	"context"
	"io"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

const taskQueue = "attachments"

// serve runs a worker for f on a real server, wired as the package comment
// says.
func serve(t *testing.T, f *fixture, scanner scan.Scanner) client.Client {
	t.Helper()
	tenants := temporalnode.NewTenants(knowsMaria)
	c, err := client.Dial(client.Options{HostPort: services.StartTemporal(t).Addr, ContextPropagators: []workflow.ContextPropagator{tenants}})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	handler, err := attachment.New(f.store, f.repo, &attachment.Options{Queue: temporalnode.NewScanQueue(c, taskQueue)})
	require.NoError(t, err)
	verdicts := temporalnode.NewVerdicts(c, handler)
	w := worker.New(c, taskQueue, worker.Options{Interceptors: []interceptor.WorkerInterceptor{tenants}})
	temporalnode.NewNode(handler, f.source(), nil).Register(w)
	temporalnode.NewScans(scanner, attachment.NewLedger(f.store, f.repo), &scan.WorkerOptions{OnVerdict: verdicts.OnVerdict}, nil).Register(w)
	verdicts.Register(w)
	w.RegisterWorkflowWithOptions(handleAndWait, workflow.RegisterOptions{Name: "handle-and-wait"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return c
}

func handleAndWait(ctx workflow.Context) (scan.Status, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute, HeartbeatTimeout: 3 * time.Second, WaitForCancellation: true,
	})
	result, err := temporalnode.ExecuteNode(ctx, node("a.txt"))
	if err != nil || result.Status != attachment.StatusSuccess {
		return "", err
	}
	return temporalnode.AwaitVerdict(ctx, result.Output.Data.AttachmentID, time.Minute)
}

func begin(t *testing.T, c client.Client) client.WorkflowRun {
	t.Helper()
	run, err := c.ExecuteWorkflow(tenant.NewContext(t.Context(), maria), client.StartWorkflowOptions{TaskQueue: taskQueue}, "handle-and-wait")
	require.NoError(t, err)
	return run
}

// TestOneScanForAll waits, in several workflows, for the verdict on one
// content, while others enqueue it again.
func TestOneScanForAll(t *testing.T) {
	f := newFixture(t, nil)
	begun, release := make(chan struct{}, 10), make(chan struct{})
	c := serve(t, f, scannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
		begun <- struct{}{}
		<-release
		return eicar.New(nil).Scan(ctx, obj)
	}))
	runs := []client.WorkflowRun{begin(t, c), begin(t, c), begin(t, c)}
	<-begun
	queue := temporalnode.NewScanQueue(c, taskQueue)
	page, err := f.handler.List(tenant.NewContext(t.Context(), maria), attachment.Query{})
	require.NoError(t, err)
	require.Len(t, page.Records, 1, "one attachment for the three of them")
	require.Eventually(t, func() bool { // somebody waits
		_, err := c.DescribeWorkflowExecution(t.Context(), "attachment-verdict/acme/"+page.Records[0].ContentHash, "")
		return err == nil
	}, 30*time.Second, 20*time.Millisecond)
	job := scan.Job{TenantID: "acme", ContentID: path.Base(path.Dir(page.Records[0].StorageKey))}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { _ = queue.Enqueue(t.Context(), job) })
	}
	all.Wait()
	close(release)
	for _, run := range runs {
		var status scan.Status
		require.NoError(t, run.Get(t.Context(), &status))
		require.Equal(t, scan.StatusClean, status)
	}
	require.Empty(t, begun, "the content was scanned once")
	count, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: "WorkflowType = 'scan-attachment'"})
	require.NoError(t, err)
	require.LessOrEqual(t, count.Count, int64(1)) // what is visible lags behind
}

// TestCancelLeavesNothing cancels a workflow while its attachment streams into
// the store.
func TestCancelLeavesNothing(t *testing.T) {
	f := newFixture(t, nil)
	reading := make(chan struct{}, 1)
	f.open = func(ctx context.Context) (io.ReadCloser, error) {
		body, err := stuck(ctx)
		reading <- struct{}{}
		return body, err
	}
	c := serve(t, f, eicar.New(nil))
	run := begin(t, c)
	<-reading
	require.Eventually(t, func() bool { return len(f.leftovers(t)) > 0 }, 10*time.Second, 5*time.Millisecond, "bytes are in the store, unseen")
	require.NoError(t, c.CancelWorkflow(t.Context(), run.GetID(), ""))
	require.True(t, temporal.IsCanceledError(run.Get(t.Context(), nil)))
	require.Empty(t, f.leftovers(t), "the writer was aborted")
	page, err := f.handler.List(tenant.NewContext(t.Context(), maria), attachment.Query{})
	require.NoError(t, err)
	require.Empty(t, page.Records)
}
