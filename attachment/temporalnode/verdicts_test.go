package temporalnode_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// TestAwaitVerdict asks again when it is signalled, and also when it is not.
func TestAwaitVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		signal time.Duration // when; 0 for never
		limit  time.Duration
		asked  int
		status scan.Status
		within time.Duration
	}{
		"signal":      {signal: 2 * time.Second, limit: time.Hour, asked: 2, status: scan.StatusClean, within: 3 * time.Second},
		"lost signal": {limit: time.Hour, asked: 2, status: scan.StatusClean, within: 20 * time.Second},
		"limit":       {limit: 5 * time.Second, asked: 2, status: scan.StatusPending, within: 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			asked := 0
			env.RegisterActivityWithOptions(func(string) (scan.Status, error) {
				if asked++; asked < c.asked || c.status == scan.StatusPending {
					return scan.StatusPending, nil
				}
				return c.status, nil
			}, activity.RegisterOptions{Name: "attachment-verdict"})
			if c.signal > 0 {
				env.RegisterDelayedCallback(func() { env.SignalWorkflow("attachment-verdict/a1", nil) }, c.signal)
			}
			begun := env.Now()
			env.ExecuteWorkflow(func(ctx workflow.Context) (scan.Status, error) {
				return temporalnode.AwaitVerdict(ctx, "a1", c.limit)
			})
			require.NoError(t, env.GetWorkflowError())
			var status scan.Status
			require.NoError(t, env.GetWorkflowResult(&status))
			require.Equal(t, c.status, status)
			require.Equal(t, c.asked, asked)
			require.Less(t, env.Now().Sub(begun), c.within, "of the workflow's own clock")
		})
	}
}

// TestVerdictHub tells everybody who waits, once, and does not live for ever.
func TestVerdictHub(t *testing.T) {
	waiting := func(id string) map[string]any {
		return map[string]any{"workflowId": id, "runId": "r", "attachmentId": "a1"}
	}
	for name, verdict := range map[string]bool{"verdict": true, "nobody came": false} {
		t.Run(name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			r := registry{env: env, workflows: map[string]any{}}
			temporalnode.NewVerdicts(nil, nil).Register(r)
			env.RegisterDelayedCallback(func() {
				for _, id := range []string{"w1", "w2", "w1"} {
					env.SignalWorkflow("wait", waiting(id))
				}
			}, time.Second)
			if verdict {
				env.RegisterDelayedCallback(func() { env.SignalWorkflow("verdict", nil) }, time.Minute)
			}
			for _, id := range []string{"w1", "w2"} {
				env.OnSignalExternalWorkflow(mock.Anything, id, "r", "attachment-verdict/a1", mock.Anything).Return(nil).Once()
			}
			begun := env.Now()
			env.ExecuteWorkflow(r.workflows["attachment-verdict"])
			require.NoError(t, env.GetWorkflowError())
			env.AssertExpectations(t)
			took := env.Now().Sub(begun)
			require.Equal(t, verdict, took < 2*time.Minute, took)
		})
	}
}
