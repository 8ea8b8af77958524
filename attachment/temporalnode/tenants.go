package temporalnode

import (
	"context"
	"errors"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// tenantHeader is the name under which the ids travel.
const tenantHeader = "attachment-tenant"

// Tenants carries the tenant through Temporal. It is two things at once, and
// the host gives it to both:
//
//   - in client.Options.ContextPropagators it puts the ids of tenant and user
//     into a header, and passes that on from workflows to their children and
//     activities;
//   - in worker.Options.Interceptors it turns the ids into the tenant.Context
//     of the activity's ctx.
//
// Nothing but the ids travels: what the user may do is looked up anew for each
// activity. It fails closed. Without a header, or with one that makes no sense,
// or if one of the two places was forgotten, there is no tenant in ctx, and
// every port of this module refuses. A tenant or user that resolve does not
// know fails the activity for good; if resolve itself failed, it is retried.
type Tenants struct {
	interceptor.WorkerInterceptorBase
	resolve func(ctx context.Context, tenantID, userID string) (tenant.Context, error)
}

var (
	_ workflow.ContextPropagator    = (*Tenants)(nil)
	_ interceptor.WorkerInterceptor = (*Tenants)(nil)
)

// NewTenants returns Tenants that look ids up with resolve, such as a
// tenant.Manager's Resolve.
func NewTenants(resolve func(ctx context.Context, tenantID, userID string) (tenant.Context, error)) *Tenants {
	return &Tenants{resolve: resolve}
}

// identity is what the header says.
type identity struct {
	TenantID string `json:"tenantId"`
	UserID   string `json:"userId"`
}

type identityKey struct{}

// Inject implements workflow.ContextPropagator. A ctx without a tenant starts a
// workflow without one.
func (t *Tenants) Inject(ctx context.Context, w workflow.HeaderWriter) error {
	tc, err := tenant.FromContext(ctx)
	if errors.Is(err, tenant.ErrMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	return write(w, identity{TenantID: tc.TenantID(), UserID: tc.UserID()})
}

// InjectFromWorkflow implements workflow.ContextPropagator.
func (t *Tenants) InjectFromWorkflow(ctx workflow.Context, w workflow.HeaderWriter) error {
	if id, ok := ctx.Value(identityKey{}).(identity); ok {
		return write(w, id)
	}
	return nil
}

// Extract implements workflow.ContextPropagator.
func (t *Tenants) Extract(ctx context.Context, r workflow.HeaderReader) (context.Context, error) {
	if id, ok := read(r); ok {
		ctx = context.WithValue(ctx, identityKey{}, id)
	}
	return ctx, nil
}

// ExtractToWorkflow implements workflow.ContextPropagator.
func (t *Tenants) ExtractToWorkflow(ctx workflow.Context, r workflow.HeaderReader) (workflow.Context, error) {
	if id, ok := read(r); ok {
		ctx = workflow.WithValue(ctx, identityKey{}, id)
	}
	return ctx, nil
}

func write(w workflow.HeaderWriter, id identity) error {
	payload, err := converter.GetDefaultDataConverter().ToPayload(id)
	if err != nil {
		return err
	}
	w.Set(tenantHeader, payload)
	return nil
}

func read(r workflow.HeaderReader) (id identity, ok bool) {
	payload, ok := r.Get(tenantHeader)
	if !ok || converter.GetDefaultDataConverter().FromPayload(payload, &id) != nil {
		return identity{}, false
	}
	if tenant.ValidateID(id.TenantID) != nil || id.UserID == "" || len(id.UserID) > tenant.MaxIDBytes {
		return identity{}, false
	}
	return id, true
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (t *Tenants) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &resolving{interceptor.ActivityInboundInterceptorBase{Next: next}, t}
}

type resolving struct {
	interceptor.ActivityInboundInterceptorBase
	tenants *Tenants
}

// ExecuteActivity resolves the ids before the activity begins.
func (r *resolving) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	id, ok := ctx.Value(identityKey{}).(identity)
	if !ok {
		return r.Next.ExecuteActivity(ctx, in)
	}
	tc, err := r.tenants.resolve(ctx, id.TenantID, id.UserID)
	if err == nil && (tc == nil || tc.TenantID() != id.TenantID) {
		err = tenant.ErrUnknown
	}
	if err != nil {
		final := errors.Is(err, tenant.ErrUnknown) || errors.Is(err, tenant.ErrInvalidID) || errors.Is(err, tenant.ErrForbidden)
		return nil, temporal.NewApplicationErrorWithOptions("no tenant on whose behalf to act", string(attachment.CodeForbidden),
			temporal.ApplicationErrorOptions{NonRetryable: final, Cause: err})
	}
	return r.Next.ExecuteActivity(tenant.NewContext(ctx, tc), in)
}
