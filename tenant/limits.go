package tenant

import "context"

// Limits is how much a tenant may store. A field that is zero sets no limit.
type Limits struct {
	MaxBytes    int64 // of all blobs together
	MaxBlobs    int64
	MaxBlobSize int64 // of any one blob, in bytes
}

// Limiter is a Manager that knows its limits. [Store] asks it once for every
// new blob, to stop one that is too large while it is written; MaxBytes and
// MaxBlobs it leaves to Reserve.
type Limiter interface {
	// Limits returns the tenant's limits, or ErrUnknown.
	Limits(ctx context.Context, tenantID string) (Limits, error)
}
