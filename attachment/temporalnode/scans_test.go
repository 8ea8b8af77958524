package temporalnode_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

type scannerFunc func(ctx context.Context, obj scan.Object) (scan.Result, error)

func (s scannerFunc) Scan(ctx context.Context, obj scan.Object) (scan.Result, error) {
	return s(ctx, obj)
}

// pending stores an attachment and returns the job that asks for its verdict.
func (f *fixture) pending(t *testing.T, text string) scan.Job {
	t.Helper()
	_, err := f.handler.Process(tenant.NewContext(t.Context(), maria), attachment.Input{
		MessageID: "m1", Filename: "a.txt", Size: int64(len(text)), Data: strings.NewReader(text),
	})
	require.NoError(t, err)
	due, err := attachment.NewLedger(f.store, f.repo).Due(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	return due[0]
}

func (f *fixture) scan(t *testing.T, job scan.Job, scanner scan.Scanner, work *scan.WorkerOptions) error {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	scans := temporalnode.NewScans(scanner, attachment.NewLedger(f.store, f.repo), work, nil)
	scans.Register(registry{env: env, workflows: map[string]any{}})
	_, err := env.ExecuteActivity(temporalnode.ScanWorkflow, temporalnode.ScanInput{TenantID: job.TenantID, ContentID: job.ContentID})
	return err
}

func TestScanEndsInAVerdict(t *testing.T) {
	f := newFixture(t, nil)
	job := f.pending(t, "harmless")
	told := 0
	work := &scan.WorkerOptions{OnVerdict: func(context.Context, scan.Job, scan.Outcome) { told++ }}
	for range 2 { // the second finds nothing to do, and that is fine
		require.NoError(t, f.scan(t, job, eicar.New(nil), work))
	}
	require.Equal(t, 1, told)
}

func TestScanTellsTemporalWhenToRetry(t *testing.T) {
	down := &scan.Error{Scanner: "test", Op: "dial", Err: scan.ErrUnavailable, Temporary: true, RetryAfter: time.Hour}
	wrong := &scan.Error{Scanner: "test", Op: "select", Err: scan.ErrConfig}
	for name, c := range map[string]struct {
		err       error
		kind      string
		retryable bool
		delay     time.Duration
	}{
		"down":  {down, temporalnode.ScanRetry, true, 59 * time.Minute},
		"wrong": {wrong, temporalnode.ScanGaveUp, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			job := f.pending(t, "harmless")
			err := f.scan(t, job, scannerFunc(func(context.Context, scan.Object) (scan.Result, error) { return scan.Result{}, c.err }), nil)
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.Equal(t, c.kind, app.Type())
			require.Equal(t, c.retryable, !app.NonRetryable())
			require.GreaterOrEqual(t, app.NextRetryDelay(), c.delay)
		})
	}
}

// brokenLedger is a database that is down.
type brokenLedger struct{ scan.Ledger }

func (brokenLedger) Claim(context.Context, scan.Job, time.Duration) (scan.Claim, error) {
	return scan.Claim{}, errors.New("connection refused")
}

func TestScanWithoutLedgerIsRetried(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	temporalnode.NewScans(eicar.New(nil), brokenLedger{}, nil, nil).Register(registry{env: env, workflows: map[string]any{}})
	_, err := env.ExecuteActivity(temporalnode.ScanWorkflow, temporalnode.ScanInput{TenantID: "acme", ContentID: "c"})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, temporalnode.ScanLedger, app.Type())
	require.False(t, app.NonRetryable())
}

// TestLongScanIsNotStalled scans for longer than the stall: the lease that is
// renewed meanwhile is progress.
func TestLongScanIsNotStalled(t *testing.T) {
	f := newFixture(t, nil)
	job := f.pending(t, "harmless")
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	scanner := scannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
		body, err := obj.Open(ctx)
		if err != nil {
			return scan.Result{}, err
		}
		defer body.Close()
		n, err := io.Copy(io.Discard, body)
		return scan.Result{Verdict: scan.Clean, Engine: "test", Bytes: n}, err
	})
	temporalnode.NewScans(scanner, attachment.NewLedger(f.store, f.repo), &scan.WorkerOptions{Lease: 300 * time.Millisecond},
		&temporalnode.ScanOptions{Stall: 400 * time.Millisecond}).Register(registry{env: env, workflows: map[string]any{}})
	_, err := env.ExecuteActivity(temporalnode.ScanWorkflow, temporalnode.ScanInput{TenantID: job.TenantID, ContentID: job.ContentID})
	require.NoError(t, err)
}
