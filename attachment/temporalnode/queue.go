package temporalnode

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// ScanQueue is a scan.Queue that starts the workflow scan-attachment. Its id
// comes from the content, so that one content is scanned by one workflow at a
// time, however often it is enqueued. It is safe for concurrent use.
//
// Between two attempts the workflow sleeps. A rescan that an admin asks for in
// that time begins with the next attempt, within scan.WorkerOptions.MaxBackoff.
type ScanQueue struct {
	client    client.Client
	taskQueue string
}

var _ scan.Queue = (*ScanQueue)(nil)

// NewScanQueue returns a queue to the workers of taskQueue, at which [Scans]
// are registered.
func NewScanQueue(c client.Client, taskQueue string) *ScanQueue { return &ScanQueue{c, taskQueue} }

// Enqueue starts the workflow, unless it runs already. It does not wait for the
// scan. An error means that it may not run; the Reconciler tries again.
func (q *ScanQueue) Enqueue(ctx context.Context, job scan.Job) error {
	if err := tenant.ValidateID(job.TenantID); err != nil {
		return fmt.Errorf("temporalnode: enqueue %s: %w", job.ContentID, err)
	}
	ctx, cancel := asSystem(ctx)
	defer cancel()
	_, err := q.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       scanID(job.TenantID, job.ContentID),
		TaskQueue:                q.taskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, // for rescans
	}, ScanWorkflow, ScanInput{TenantID: job.TenantID, ContentID: job.ContentID})
	if err != nil {
		return fmt.Errorf("temporalnode: enqueue %s: %w", job.ContentID, err)
	}
	return nil
}

// callTimeout bounds what a server that is down may cost: whoever calls has
// something better to do, and somebody else asks again.
const callTimeout = 5 * time.Second

// asSystem is ctx without its tenant, for what must not fail with the user who
// happens to be in it.
func asSystem(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(tenant.NewContext(ctx, nil), callTimeout)
}

// scanID needs no escaping: neither id has a slash.
func scanID(tenantID, contentID string) string {
	return ScanWorkflow + "/" + tenantID + "/" + contentID
}
