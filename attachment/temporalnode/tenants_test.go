package temporalnode_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// header is what a client of that tenant would send.
type header map[string]*commonpb.Payload

func (h header) Set(key string, value *commonpb.Payload) { h[key] = value }

func knowsMaria(_ context.Context, tenantID, userID string) (tenant.Context, error) {
	if tenantID == maria.Tenant && userID == maria.ID {
		return maria, nil
	}
	return nil, tenant.ErrUnknown
}

// throughHeader executes the node in a workflow that was started with h.
func (f *fixture) throughHeader(t *testing.T, h header, resolve func(context.Context, string, string) (tenant.Context, error)) (attachment.Result, error) {
	t.Helper()
	tenants := temporalnode.NewTenants(resolve)
	var suite testsuite.WorkflowTestSuite
	suite.SetContextPropagators([]workflow.ContextPropagator{tenants})
	suite.SetHeader(&commonpb.Header{Fields: h})
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{tenants}})
	temporalnode.NewNode(f.handler, f.source(), nil).Register(registry{env: env})
	child := func(ctx workflow.Context) (attachment.Result, error) {
		return temporalnode.ExecuteNode(ctx, node("a.txt"))
	}
	env.RegisterWorkflow(child)
	env.ExecuteWorkflow(func(ctx workflow.Context) (result attachment.Result, err error) {
		err = workflow.ExecuteChildWorkflow(ctx, child).Get(ctx, &result)
		return result, err
	})
	var result attachment.Result
	err := env.GetWorkflowError()
	if err == nil {
		require.NoError(t, env.GetWorkflowResult(&result))
	}
	return result, err
}

func headerOf(t *testing.T, tc tenant.Context) header {
	t.Helper()
	h := header{}
	require.NoError(t, temporalnode.NewTenants(knowsMaria).Inject(tenant.NewContext(t.Context(), tc), h))
	return h
}

func TestTenantTravels(t *testing.T) {
	f := newFixture(t, nil)
	result, err := f.throughHeader(t, headerOf(t, maria), knowsMaria)
	require.NoError(t, err)
	require.Equal(t, attachment.StatusSuccess, result.Status, result.Error)
	record, err := f.handler.Get(tenant.NewContext(t.Context(), maria), result.Output.Data.AttachmentID)
	require.NoError(t, err)
	require.Equal(t, []string{"acme", "maria"}, []string{record.TenantID, record.UserID})
}

func TestNoTenantNoAttachment(t *testing.T) {
	payload := func(v any) header {
		p, err := converter.GetDefaultDataConverter().ToPayload(v)
		require.NoError(t, err)
		return header{"attachment-tenant": p}
	}
	for name, h := range map[string]header{
		"no header":       {},
		"not an identity": payload("acme"),
		"no user":         payload(map[string]any{"tenantId": "acme"}),
		"no tenant":       payload(map[string]any{"userId": "maria"}),
		"a path":          payload(map[string]any{"tenantId": "../acme", "userId": "maria"}),
		"garbage":         {"attachment-tenant": {Data: []byte("{{")}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			result, err := f.throughHeader(t, h, knowsMaria)
			require.NoError(t, err)
			require.Equal(t, attachment.CodeForbidden, result.ErrorCode)
		})
	}
	for name, forged := range map[string]tenant.User{
		"unknown tenant": {Tenant: "other", ID: "maria"}, "unknown user": {Tenant: "acme", ID: "eve"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			_, err := f.throughHeader(t, headerOf(t, forged), knowsMaria)
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			require.Equal(t, string(attachment.CodeForbidden), app.Type())
			require.True(t, app.NonRetryable())
		})
	}
	t.Run("resolved to another", func(t *testing.T) {
		f := newFixture(t, nil)
		_, err := f.throughHeader(t, headerOf(t, tenant.User{Tenant: "other", ID: "x"}), func(context.Context, string, string) (tenant.Context, error) { return maria, nil })
		require.Error(t, err)
	})
}

func TestDirectoryThatIsDownIsAskedAgain(t *testing.T) {
	f := newFixture(t, nil)
	asked := 0
	result, err := f.throughHeader(t, headerOf(t, maria), func(ctx context.Context, tenantID, userID string) (tenant.Context, error) {
		if asked++; asked < 3 {
			return nil, errors.New("directory is down")
		}
		return knowsMaria(ctx, tenantID, userID)
	})
	require.NoError(t, err)
	require.Equal(t, attachment.StatusSuccess, result.Status)
	require.Equal(t, 3, asked)
}
