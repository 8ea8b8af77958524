package temporalnode_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

var maria = tenant.User{Tenant: "acme", ID: "maria", Actions: []tenant.Action{tenant.Read, tenant.Write}}

// fixture is a handler over real files, and a source of whatever a test needs.
type fixture struct {
	dir     string
	repo    *attachmenttest.Repository
	store   *tenant.Store
	handler *attachment.AttachmentHandler
	open    func(ctx context.Context) (io.ReadCloser, error)
}

func newFixture(t *testing.T, opts *attachment.Options) *fixture {
	t.Helper()
	f := &fixture{dir: t.TempDir(), repo: attachmenttest.NewRepository()}
	files, err := fsblob.New(f.dir, nil)
	require.NoError(t, err)
	f.store = tenant.NewStore(files, nil)
	f.handler, err = attachment.New(f.store, f.repo, opts)
	require.NoError(t, err)
	f.open = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("some text")), nil }
	return f
}

func (f *fixture) source() attachment.Source {
	return attachment.SourceFunc(func(ctx context.Context, _ attachment.Reference) (io.ReadCloser, error) { return f.open(ctx) })
}

// leftovers are the files with bytes in them, of blobs or of unfinished writes.
func (f *fixture) leftovers(t *testing.T) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil && info.Size() > 1024 {
				names = append(names, path)
			}
		}
		return err
	}))
	return names
}

func node(name string) attachment.Node {
	return attachment.Node{ID: "n1", Type: attachment.NodeType, Parameters: map[string]any{
		"messageId": "m1", "filename": name, "size": 9, "attachmentData": map[string]any{"ref": "staged:x"},
	}}
}

// execute runs the activity for maria, through Temporal's JSON and back.
func (f *fixture) execute(t *testing.T, opts *temporalnode.NodeOptions, n attachment.Node) (attachment.Result, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: tenant.NewContext(t.Context(), maria)})
	temporalnode.NewNode(f.handler, f.source(), opts).Register(registry{env: env})
	value, err := env.ExecuteActivity(attachment.NodeType, n)
	var result attachment.Result
	if err == nil {
		require.NoError(t, value.Get(&result))
	}
	return result, err
}

// registry lets a test environment stand where a worker does.
type registry struct {
	worker.Registry // nil: what is not below is not called
	env             interface {
		RegisterActivityWithOptions(a any, options activity.RegisterOptions)
	}
	workflows map[string]any
}

func (r registry) RegisterActivityWithOptions(f any, o activity.RegisterOptions) {
	r.env.RegisterActivityWithOptions(f, o)
}

func (r registry) RegisterWorkflowWithOptions(w any, o workflow.RegisterOptions) {
	r.workflows[o.Name] = w
}

func TestNodeAnswers(t *testing.T) {
	f := newFixture(t, nil)
	stored, err := f.execute(t, nil, node("a.txt"))
	require.NoError(t, err)
	require.Equal(t, attachment.StatusSuccess, stored.Status, stored.Error)
	require.EqualValues(t, 9, stored.Output.Data.Size)
	again, err := f.execute(t, nil, node("a.txt"))
	require.NoError(t, err)
	require.Equal(t, stored.Output.Data.AttachmentID, again.Output.Data.AttachmentID)

	refused, err := f.execute(t, nil, node("a.exe"))
	require.NoError(t, err, "a refusal is an answer")
	require.Equal(t, attachment.CodeSecurityViolation, refused.ErrorCode)

	capped, err := f.execute(t, &temporalnode.NodeOptions{Parameters: map[string]any{"maxSize": 1}}, node("a.txt"))
	require.NoError(t, err)
	require.Equal(t, attachment.CodeInvalidParams, capped.ErrorCode, "the node left it open")
}

func TestNodeFaultsAreRetried(t *testing.T) {
	f := newFixture(t, nil)
	f.open = func(context.Context) (io.ReadCloser, error) { return nil, errors.New("server is down") }
	_, err := f.execute(t, nil, node("a.txt"))
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, string(attachment.CodeHandler), app.Type())
	require.False(t, app.NonRetryable())
	require.NotContains(t, err.Error(), "server is down", "the cause is for the log")

	result, err := temporalnode.ResultOf(attachment.Result{}, err)
	require.NoError(t, err)
	require.Equal(t, attachment.CodeHandler, result.ErrorCode)
	require.True(t, *result.Retryable)
}

func TestFailureKeepsTheFlag(t *testing.T) {
	require.NoError(t, temporalnode.Failure(attachment.Result{Status: attachment.StatusSuccess}))
	for _, retryable := range []bool{true, false} {
		result := attachment.Result{Status: attachment.StatusError, ErrorCode: attachment.CodeDatabase, Retryable: &retryable}
		var app *temporal.ApplicationError
		require.ErrorAs(t, temporalnode.Failure(result), &app)
		require.Equal(t, !retryable, app.NonRetryable())
	}
	other := errors.New("other")
	_, err := temporalnode.ResultOf(attachment.Result{}, other)
	require.ErrorIs(t, err, other)
}

// stuck yields two megabytes, more than is held in memory, and then nothing
// until its ctx ends.
func stuck(ctx context.Context) (io.ReadCloser, error) { return stuckUntil(ctx, nil), nil }

// stuckUntil ends well if it is released.
func stuckUntil(ctx context.Context, released chan struct{}) io.ReadCloser {
	return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("line\n", 2<<20/5)), blocked{ctx, released}))
}

type blocked struct {
	ctx      context.Context
	released chan struct{}
}

func (b blocked) Read([]byte) (int, error) {
	select {
	case <-b.released:
		return 0, io.EOF
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func TestStalledNodeIsCutOffAndRetried(t *testing.T) {
	f := newFixture(t, nil)
	f.open = stuck
	_, err := f.execute(t, &temporalnode.NodeOptions{Stall: 200 * time.Millisecond}, node("a.txt"))
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.False(t, app.NonRetryable())
	require.Empty(t, f.leftovers(t), "the writer was aborted")
}

// TestSlowNodeGoesOn reads for longer than the stall, a little at a time.
func TestSlowNodeGoesOn(t *testing.T) {
	f := newFixture(t, nil)
	f.open = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(&slow{left: 20}), nil }
	result, err := f.execute(t, &temporalnode.NodeOptions{Stall: 200 * time.Millisecond}, node("a.txt"))
	require.NoError(t, err)
	require.Equal(t, attachment.StatusSuccess, result.Status, result.Error)
}

type slow struct{ left int }

func (s *slow) Read(p []byte) (int, error) {
	if s.left--; s.left < 0 {
		return 0, io.EOF
	}
	time.Sleep(30 * time.Millisecond)
	return copy(p, "text\n"), nil
}

func TestHeartbeatsTellTheBytes(t *testing.T) {
	f := newFixture(t, nil)
	var beats, bytes atomic.Int64
	release := make(chan struct{})
	f.open = func(ctx context.Context) (io.ReadCloser, error) { return stuckUntil(ctx, release), nil }
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: tenant.NewContext(t.Context(), maria)})
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var n int64
		if details.Get(&n) == nil && n > 1<<20 && bytes.Swap(n) == 0 {
			close(release)
		}
		beats.Add(1)
	})
	temporalnode.NewNode(f.handler, f.source(), &temporalnode.NodeOptions{Stall: 3 * time.Second}).Register(registry{env: env})
	value, err := env.ExecuteActivity(attachment.NodeType, node("a.txt"))
	require.NoError(t, err)
	var result attachment.Result
	require.NoError(t, value.Get(&result))
	require.Equal(t, attachment.StatusSuccess, result.Status, result.Error)
	require.Positive(t, beats.Load())
}

func TestExecuteNodeGivesUpWithAResult(t *testing.T) {
	f := newFixture(t, nil)
	f.open = func(context.Context) (io.ReadCloser, error) { return nil, errors.New("server is down") }
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: tenant.NewContext(t.Context(), maria)})
	temporalnode.NewNode(f.handler, f.source(), nil).Register(registry{env: env})
	env.ExecuteWorkflow(func(ctx workflow.Context) (attachment.Result, error) {
		return temporalnode.ExecuteNode(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 3},
		}), node("a.txt"))
	})
	require.NoError(t, env.GetWorkflowError())
	var result attachment.Result
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Equal(t, attachment.CodeHandler, result.ErrorCode)
}

// TestForeignErrorsStayErrors lets an activity of the same name fail with
// details that are no result.
func TestForeignErrorsStayErrors(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivityWithOptions(func(attachment.Node) (attachment.Result, error) {
		return attachment.Result{}, temporal.NewNonRetryableApplicationError("x", "y", nil, "details")
	}, activity.RegisterOptions{Name: attachment.NodeType})
	env.ExecuteWorkflow(func(ctx workflow.Context) (attachment.Result, error) {
		return temporalnode.ExecuteNode(ctx, node("a.txt"))
	})
	var app *temporal.ApplicationError
	require.ErrorAs(t, env.GetWorkflowError(), &app)
	require.Equal(t, "y", app.Type())
}
