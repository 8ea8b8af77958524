package tenant

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/metric"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// A Store is a [blob.Store] in which each tenant is alone. Every call takes
// its tenant from ctx, and
//
//   - fails with ErrMissing without one, and with ErrForbidden unless the user
//     may do it: Write for Create and Commit, Read for Open, Stat, List and
//     SignURL, Delete for Delete, Read and Write for Copy;
//   - stays inside the tenant's [Namespace]. Keys go in and come out without
//     it;
//   - is metered, with a Manager: see [StoreOptions.Manager];
//   - is audited: see [StoreOptions.Audit].
//
// A Commit must come from the tenant that did the Create.
//
// Store has every optional interface of package blob and answers
// ErrUnsupported where the store inside lacks it; see [Store.Reclaim] for the
// one call that is not a tenant's. It has no Unwrap: nobody reaches around it.
// The namespace counts towards the length of a key.
type Store struct {
	inner   blob.Store
	prefix  string
	audit   func(context.Context, Event)
	account *account
}

// StoreOptions adjusts a Store.
type StoreOptions struct {
	// Manager meters what tenants store. Space is reserved before bytes are
	// accepted, so parallel uploads cannot overshoot: all of it where the size
	// is announced, otherwise in steps, ahead of what was written by at most
	// as much again and 16 MiB. It is settled to what was stored at Commit,
	// and released at Delete, at Abort, and at a Commit that surely stored
	// nothing.
	//
	// After a Commit, Copy or Delete that failed otherwise (see [blob.Writer])
	// the space stays charged until a Delete of that key settles it. This
	// Store remembers that; across a crash, among several processes that
	// delete one blob at the same moment, or where a second writer of a taken
	// key failed, counts can drift: compare with [Store.Measure] now and then.
	//
	// Defaults to nil: nothing is metered.
	Manager Manager

	// Audit is told of every call when its outcome is known: of an Open before
	// the first byte is read, of a List after the last blob. It must be quick,
	// and safe for concurrent use. Defaults to none.
	Audit func(ctx context.Context, e Event)

	// Prefix is a folder for all namespaces. Defaults to none.
	Prefix string

	// MeterProvider receives tenant.quota.refused, where a Manager meters; see
	// also ObserveQuotas. Defaults to none.
	MeterProvider metric.MeterProvider

	// TenantAttribute adds tenant.id to it, a time series for every tenant
	// that meets its limits. Defaults to false.
	TenantAttribute bool
}

// NewStore returns inner, scoped to the tenant of each call. opts may be nil.
func NewStore(inner blob.Store, opts *StoreOptions) *Store {
	s := &Store{inner: inner, audit: func(context.Context, Event) {}}
	if opts == nil {
		return s
	}
	if opts.Audit != nil {
		s.audit = opts.Audit
	}
	if opts.Prefix != "" {
		s.prefix = strings.TrimSuffix(opts.Prefix, "/") + "/"
	}
	if opts.Manager != nil {
		s.account = newAccount(opts)
	}
	return s
}

// Create implements [blob.Store]. It fails with ErrQuota if the tenant has no
// room for another blob, or for opts.Size bytes; a blob larger than the tenant
// may store also matches [blob.ErrTooLarge].
func (s *Store) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	c, scoped, err := s.begin(ctx, "create", Write, key)
	if err != nil {
		return nil, c.end(err)
	}
	announced, err := opts.Resolve()
	if err != nil {
		return nil, c.end(err)
	}
	charge, err := s.account.reserve(ctx, c.tenantID(), scoped, announced.Size)
	if err != nil {
		return nil, c.end(err)
	}
	w, err := s.inner.Create(ctx, scoped, opts)
	if err != nil {
		_ = charge.release() // err says more
		return nil, c.end(err)
	}
	return newWriter(c, w, charge), c.end(nil)
}

// Open implements [blob.Store].
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	c, scoped, err := s.begin(ctx, "open", Read, key)
	if err != nil {
		return nil, c.end(err)
	}
	r, err := s.inner.Open(ctx, scoped, offset, length)
	if err != nil {
		return nil, c.end(err)
	}
	if err := c.adopt(&r.Info, scoped); err != nil {
		_ = r.Close()
		return nil, c.end(err)
	}
	c.event.Bytes = r.Info.Size - offset
	if length >= 0 {
		c.event.Bytes = min(c.event.Bytes, length)
	}
	return blob.NewReader(r.Info, newBody(c, r.Body())), c.end(nil)
}

// Delete implements [blob.Store]. However many calls race in one process, a
// blob's space is released once.
func (s *Store) Delete(ctx context.Context, key string) error {
	c, scoped, err := s.begin(ctx, "delete", Delete, key)
	if err != nil {
		return c.end(err)
	}
	if s.account == nil {
		return c.end(s.inner.Delete(ctx, scoped))
	}
	freed, err := s.account.delete(ctx, c.tenantID(), scoped, s.inner)
	c.event.Bytes = freed
	return c.end(err)
}
