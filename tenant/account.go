package tenant

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// account keeps what the Manager has counted in step with what is stored. A
// nil account counts nothing.
//
// A blob is charged with its size. Where a call failed half-way, a key may be
// charged with more than the blob under it explains: that is owed, until a
// Delete of the key settles it.
type account struct {
	manager Manager
	meter   *quotaMeter
	locks   keyLocks // held while the blob under a key comes or goes

	mu   sync.Mutex
	owed map[string]Usage // by scoped key: all that is charged for it
}

const (
	settleWithin = 30 * time.Second // for giving space back when the caller may be gone
	mostOwed     = 10_000           // keys remembered; what is beyond that, Measure finds
)

func newAccount(o *StoreOptions) *account {
	return &account{manager: o.Manager, meter: newQuotaMeter(o), owed: map[string]Usage{}}
}

// reserve charges the tenant for one blob of so many bytes, 0 if not known.
func (a *account) reserve(ctx context.Context, tenantID, key string, size int64) (*charge, error) {
	if a == nil {
		return nil, nil
	}
	ch := &charge{account: a, ctx: context.WithoutCancel(ctx), tenantID: tenantID, key: key}
	if limiter, ok := a.manager.(Limiter); ok {
		limits, err := limiter.Limits(ctx, tenantID)
		if err != nil {
			return nil, managerError("limits", err)
		}
		ch.largest = limits.MaxBlobSize
	}
	err := ch.fits(size)
	if err == nil {
		err = ch.take(ctx, Usage{Bytes: size, Blobs: 1})
	}
	return ch, a.meter.count(ctx, tenantID, err)
}

// release gives u back even if ctx has ended.
func (a *account) release(ctx context.Context, tenantID string, u Usage) error {
	if u == (Usage{}) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	return managerError("release", a.manager.Release(ctx, tenantID, u))
}

// delete removes the blob under key and releases what is charged for it. It
// returns the number of bytes released.
func (a *account) delete(ctx context.Context, tenantID, key string, inner blob.Store) (int64, error) {
	unlock, err := a.locks.lock(ctx, key)
	if err != nil {
		return 0, err
	}
	defer unlock()

	info, err := blob.Stat(ctx, inner, key)
	found := !errors.Is(err, blob.ErrNotFound)
	if err != nil && found && !errors.Is(err, blob.ErrCorrupt) {
		return 0, err
	}
	charged, due := a.claim(key, found, info.Size)
	if !due {
		return 0, nil
	}
	if err := inner.Delete(ctx, key); err != nil {
		return 0, err
	}
	if err := a.release(ctx, tenantID, charged); err != nil {
		return 0, err
	}
	a.paid(key, charged)
	return charged.Bytes, nil
}

// copy charges the tenant for dst before it exists.
func (a *account) copy(ctx context.Context, tenantID, dst, src string, inner blob.Store, copier blob.Copier) (blob.Info, error) {
	if a == nil {
		return copier.Copy(ctx, dst, src)
	}
	unlock, err := a.locks.lock(ctx, dst, src) // the size shall stay the one reserved
	if err != nil {
		return blob.Info{}, err
	}
	defer unlock()
	source, err := blob.Stat(ctx, inner, src)
	if err != nil {
		return blob.Info{}, err
	}
	ch, err := a.reserve(ctx, tenantID, dst, source.Size)
	if err != nil {
		return blob.Info{}, err
	}
	info, err := copier.Copy(ctx, dst, src)
	if errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrUnsupported) {
		_ = ch.release() // err says more
	} else {
		ch.settle(info.Size, err)
	}
	return info, err
}

// claim returns all that is charged for key, with a blob of so many bytes if
// one was found. Until it is paid it is owed.
func (a *account) claim(key string, found bool, size int64) (u Usage, due bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u, owed := a.owed[key]
	if found {
		u.Bytes, u.Blobs = max(u.Bytes, size), max(u.Blobs, 1)
	}
	if found || owed {
		a.setOwed(key, u)
	}
	return u, found || owed
}

func (a *account) paid(key string, u Usage) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if owed, ok := a.owed[key]; ok {
		a.setOwed(key, owed.plus(-u.Bytes, -u.Blobs))
	}
}

// owe remembers that u more is charged for key.
func (a *account) owe(key string, u Usage) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.setOwed(key, a.owed[key].plus(u.Bytes, u.Blobs))
}

// stored notes a blob that is charged with its size: of interest only where
// something else is owed for its key.
func (a *account) stored(key string, size int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if owed, ok := a.owed[key]; ok {
		a.setOwed(key, owed.plus(size, 1))
	}
}

// setOwed needs mu.
func (a *account) setOwed(key string, u Usage) {
	if u == (Usage{}) {
		delete(a.owed, key)
		return
	}
	if _, known := a.owed[key]; known || len(a.owed) < mostOwed {
		a.owed[key] = u
	}
}

func (u Usage) plus(bytes, blobs int64) Usage {
	return Usage{Bytes: u.Bytes + bytes, Blobs: u.Blobs + blobs}
}

// managerError marks what is none of a Manager's answers as temporary: it was
// out of reach.
func managerError(op string, err error) error {
	if err == nil {
		return nil
	}
	for _, answer := range []error{ErrQuota, ErrUnknown, ErrForbidden, ErrMissing, ErrInvalidID, context.Canceled} {
		if errors.Is(err, answer) {
			return err
		}
	}
	return &blob.Error{Err: fmt.Errorf("tenant: %s: %w", op, err), Temporary: true}
}
