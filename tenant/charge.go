package tenant

import (
	"context"
	"errors"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// Bounds of the steps in which space is reserved for an upload of unknown
// length: each as large as what was written already.
const (
	firstStep   = 64 << 10
	largestStep = 16 << 20
)

// charge is what one new blob has reserved. A nil charge counts nothing.
type charge struct {
	account  *account
	ctx      context.Context // outlives the caller; see blob.Store.Create
	tenantID string
	key      string // scoped
	largest  int64  // bytes one blob may have; 0 if no limit
	taken    Usage
}

// cover makes sure that total bytes are reserved.
func (ch *charge) cover(total int64) error {
	if ch == nil || total <= ch.taken.Bytes {
		return nil
	}
	return ch.account.meter.count(ch.ctx, ch.tenantID, ch.extend(total))
}

func (ch *charge) extend(total int64) error {
	if err := ch.fits(total); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ch.ctx, settleWithin)
	defer cancel()
	need := total - ch.taken.Bytes
	step := max(need, min(max(ch.taken.Bytes, firstStep), largestStep))
	if ch.largest > 0 {
		step = min(step, ch.largest-ch.taken.Bytes)
	}
	err := ch.take(ctx, Usage{Bytes: step})
	if step > need && errors.Is(err, ErrQuota) { // the last bytes of the quota count too
		err = ch.take(ctx, Usage{Bytes: need})
	}
	return err
}

func (ch *charge) fits(size int64) error {
	if ch.largest > 0 && size > ch.largest {
		return fmt.Errorf("%w: %w: %d bytes, more than %d", ErrQuota, blob.ErrTooLarge, size, ch.largest)
	}
	return nil
}

func (ch *charge) take(ctx context.Context, u Usage) error {
	if err := ch.account.manager.Reserve(ctx, ch.tenantID, u); err != nil {
		return managerError("reserve", err)
	}
	ch.taken = ch.taken.plus(u.Bytes, u.Blobs)
	return nil
}

// lock keeps others from the key until the outcome is settled.
func (ch *charge) lock(ctx context.Context) (unlock func(), err error) {
	if ch == nil {
		return func() {}, nil
	}
	return ch.account.locks.lock(ctx, ch.key)
}

// settle ends the charge when the outcome is in: err, or a blob of that size.
func (ch *charge) settle(size int64, err error) {
	switch {
	case ch == nil:
	case errors.Is(err, blob.ErrExists), errors.Is(err, blob.ErrMismatch), errors.Is(err, blob.ErrFinished):
		_ = ch.release() // err says more
	case err != nil: // stored or not: who knows
		ch.account.owe(ch.key, ch.taken)
	default:
		excess := Usage{Bytes: max(ch.taken.Bytes-size, 0)}
		if ch.account.release(ch.ctx, ch.tenantID, excess) != nil {
			ch.account.owe(ch.key, ch.taken)
			return
		}
		ch.account.stored(ch.key, size)
	}
}

// release gives everything back: nothing was stored. What cannot be given back
// is owed.
func (ch *charge) release() error {
	if ch == nil {
		return nil
	}
	err := ch.account.release(ch.ctx, ch.tenantID, ch.taken)
	if err != nil {
		ch.account.owe(ch.key, ch.taken)
	}
	ch.taken = Usage{}
	return err
}
