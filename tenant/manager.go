package tenant

import "context"

// Usage is what a tenant has stored, or is about to store.
type Usage struct {
	Bytes int64
	Blobs int64
}

// Manager is the host's port for tenants: who they are and how much they may
// store. Implementations are safe for concurrent use.
type Manager interface {
	// Resolve returns the context of a user, or ErrUnknown.
	Resolve(ctx context.Context, tenantID, userID string) (Context, error)

	// Reserve takes u from the tenant's quota in one atomic step, or fails
	// with ErrQuota and takes nothing.
	Reserve(ctx context.Context, tenantID string, u Usage) error

	// Release gives u back. Giving back more than was taken leaves zero.
	Release(ctx context.Context, tenantID string, u Usage) error
}
