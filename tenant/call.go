package tenant

import (
	"context"
	"errors"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// errForeign means that the store inside is broken: it answered with a blob
// that was not asked for. Whose it is stays unsaid.
var errForeign = errors.New("the store answered with a blob outside the tenant's namespace")

// call is one call of a Store: by whom, on what. Every call begins with begin
// and ends with end.
type call struct {
	ctx       context.Context
	store     *Store
	tenant    Context // nil until known
	namespace string
	event     Event
}

// begin finds the tenant, and returns key inside its namespace if the tenant
// may do action to it. The call is never nil.
func (s *Store) begin(ctx context.Context, op string, action Action, key string) (*call, string, error) {
	c, err := s.identify(ctx, op, action, key)
	if err != nil {
		return c, "", err
	}
	scoped, err := c.permit(action, key)
	return c, scoped, err
}

// identify finds the tenant and checks nothing else.
func (s *Store) identify(ctx context.Context, op string, action Action, key string) (*call, error) {
	c := &call{ctx: ctx, store: s, event: Event{Op: op, Action: action, Key: key}}
	tc, err := FromContext(ctx)
	if err != nil {
		return c, err
	}
	c.tenant, c.namespace = tc, s.prefix+Namespace(tc.TenantID())
	c.event.Tenant, c.event.User = tc.TenantID(), tc.UserID()
	return c, ctx.Err()
}

// permit returns key inside the namespace if the tenant may do action to it.
func (c *call) permit(action Action, key string) (string, error) {
	scoped, err := c.scope(key)
	if err == nil && !c.tenant.Can(action, key) {
		err = ErrForbidden
	}
	return scoped, err
}

// scope returns key inside the namespace. A key that is valid by itself cannot
// leave it; with the namespace it may be too long.
func (c *call) scope(key string) (string, error) {
	if err := blob.ValidateKey(key); err != nil {
		return "", err
	}
	return c.namespace + key, blob.ValidateKey(c.namespace + key)
}

func (c *call) tenantID() string { return c.event.Tenant }

// adopt turns info into what the caller may see, if it describes scoped.
func (c *call) adopt(info *blob.Info, scoped string) error {
	if info.Key != scoped {
		return errForeign
	}
	info.Key = strings.TrimPrefix(scoped, c.namespace)
	return nil
}

// end tells the audit hook, and returns err as the caller may see it.
func (c *call) end(err error) error {
	err = c.explain(err)
	c.event.Err = err
	c.store.audit(c.ctx, c.event)
	return err
}

// explain returns err as a *blob.Error that names the call, with the key as
// the caller knows it.
func (c *call) explain(err error) error {
	if err == nil {
		return nil
	}
	e, ok := err.(*blob.Error)
	if !ok {
		return &blob.Error{Op: c.event.Op, Key: c.event.Key, Err: err, Temporary: blob.Retryable(err)}
	}
	unscoped := c.unscoped(e)
	unscoped.Op = c.event.Op
	return unscoped
}

// unscoped also looks inside: a store that wraps another may wrap its errors.
func (c *call) unscoped(e *blob.Error) *blob.Error {
	u := *e
	u.Key = c.event.Key
	if key, ok := strings.CutPrefix(e.Key, c.namespace); ok && c.namespace != "" {
		u.Key = key // for a copy, it may be the source
	}
	if nested, ok := e.Err.(*blob.Error); ok {
		u.Err = c.unscoped(nested)
	}
	return &u
}
