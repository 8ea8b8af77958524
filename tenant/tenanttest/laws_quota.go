package tenanttest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// ledger asks a Manager about one tenant, and keeps the first surprise.
type ledger struct {
	ctx    context.Context
	m      tenant.Manager
	tenant string
	err    error
}

func (l *ledger) reserve(bytes, blobs int64) {
	if err := l.m.Reserve(l.ctx, l.tenant, tenant.Usage{Bytes: bytes, Blobs: blobs}); err != nil && l.err == nil {
		l.err = fmt.Errorf("Reserve of %d bytes and %d blobs: %w", bytes, blobs, err)
	}
}

func (l *ledger) release(bytes, blobs int64) {
	if err := l.m.Release(l.ctx, l.tenant, tenant.Usage{Bytes: bytes, Blobs: blobs}); err != nil && l.err == nil {
		l.err = fmt.Errorf("Release of %d bytes and %d blobs: %w", bytes, blobs, err)
	}
}

func (l *ledger) refused(bytes, blobs int64) {
	if err := l.m.Reserve(l.ctx, l.tenant, tenant.Usage{Bytes: bytes, Blobs: blobs}); !errors.Is(err, tenant.ErrQuota) && l.err == nil {
		l.err = fmt.Errorf("Reserve of %d bytes and %d blobs: %v, want ErrQuota", bytes, blobs, err)
	}
}

// left checks that exactly this much is left, by taking it all and giving it
// back.
func (l *ledger) left(bytes, blobs int64) {
	l.refused(bytes+1, 0)
	l.refused(0, blobs+1)
	l.reserve(bytes, blobs)
	l.refused(1, 0)
	l.refused(0, 1)
	l.release(bytes, blobs)
}

func lastByteAndBlob(ctx context.Context, m tenant.Manager) error {
	l := &ledger{ctx: ctx, m: m, tenant: first}
	l.left(maxBytes, maxBlobs)
	l.reserve(1, 1)
	l.left(maxBytes-1, maxBlobs-1)
	l.reserve(maxBytes-1, 0)
	l.left(0, maxBlobs-1)
	l.reserve(0, maxBlobs-1)
	l.reserve(0, 0)
	l.left(0, 0)
	return l.err
}

func refusedTakesNothing(ctx context.Context, m tenant.Manager) error {
	l := &ledger{ctx: ctx, m: m, tenant: first}
	l.reserve(400, 4)
	for range 3 {
		l.refused(601, 1) // fits by count
		l.refused(100, 7) // fits by size
		l.refused(601, 7)
	}
	l.left(600, 6)
	return l.err
}

func releaseGivesBack(ctx context.Context, m tenant.Manager) error {
	l := &ledger{ctx: ctx, m: m, tenant: first}
	for range 3 {
		l.reserve(maxBytes, maxBlobs)
		l.release(300, 0)
		l.left(300, 0)
		l.release(0, 3)
		l.left(300, 3)
		l.release(maxBytes-300, maxBlobs-3)
		l.left(maxBytes, maxBlobs)
	}
	return l.err
}

func releaseTooMuch(ctx context.Context, m tenant.Manager) error {
	l := &ledger{ctx: ctx, m: m, tenant: first}
	l.release(5, 5)
	l.left(maxBytes, maxBlobs)
	l.reserve(100, 5)
	l.release(500, 1) // too many bytes, not too many blobs
	l.left(maxBytes, maxBlobs-4)
	l.reserve(100, 0)
	l.release(1, math.MaxInt64)
	l.left(maxBytes-99, maxBlobs)
	return l.err
}

func meteredApart(ctx context.Context, m tenant.Manager) error {
	one, two := &ledger{ctx: ctx, m: m, tenant: first}, &ledger{ctx: ctx, m: m, tenant: second}
	one.reserve(maxBytes, maxBlobs)
	two.left(maxBytes, maxBlobs)
	two.release(maxBytes, maxBlobs)
	one.left(0, 0)
	return errors.Join(one.err, two.err)
}

func noLimit(ctx context.Context, m tenant.Manager) error {
	l := &ledger{ctx: ctx, m: m, tenant: unlimited}
	for range 20 {
		l.reserve(1<<50, 1<<20)
	}
	l.release(20<<50, 20<<20)
	return l.err
}

func overflow(ctx context.Context, m tenant.Manager) error {
	l := &ledger{ctx: ctx, m: m, tenant: first}
	l.reserve(1, 1)
	l.refused(math.MaxInt64, 0)
	l.refused(0, math.MaxInt64)
	l.left(maxBytes-1, maxBlobs-1)
	return l.err
}

func negative(ctx context.Context, m tenant.Manager) error {
	l := &ledger{ctx: ctx, m: m, tenant: first}
	l.reserve(500, 5)
	for _, u := range []tenant.Usage{{Bytes: -100}, {Blobs: -1}, {Bytes: -100, Blobs: 1}, {Bytes: math.MinInt64, Blobs: math.MinInt64}} {
		if m.Reserve(ctx, first, u) == nil {
			return fmt.Errorf("Reserve accepts %+v", u)
		}
		if m.Release(ctx, first, u) == nil {
			return fmt.Errorf("Release accepts %+v", u)
		}
	}
	l.left(500, 5)
	return l.err
}

func unknownTenant(ctx context.Context, m tenant.Manager) error {
	for _, id := range []string{nobody, ""} {
		for what, call := range map[string]func(context.Context, string, tenant.Usage) error{"Reserve": m.Reserve, "Release": m.Release} {
			if err := call(ctx, id, tenant.Usage{Bytes: 1, Blobs: 1}); !errors.Is(err, tenant.ErrUnknown) && !errors.Is(err, tenant.ErrInvalidID) {
				return fmt.Errorf("%s for tenant %q: %v, want ErrUnknown", what, id, err)
			}
		}
	}
	return nil
}

func parallel(ctx context.Context, m tenant.Manager) error {
	l := &ledger{ctx: ctx, m: m, tenant: first}
	for range 5 {
		var granted atomic.Int64
		var group sync.WaitGroup
		start := make(chan struct{})
		for range 4 * maxBlobs {
			group.Go(func() {
				<-start
				if m.Reserve(ctx, first, tenant.Usage{Bytes: 30, Blobs: 1}) == nil {
					granted.Add(1)
				}
			})
		}
		close(start)
		group.Wait()
		if n := granted.Load(); n != maxBlobs {
			return fmt.Errorf("%d of %d parallel reservations were granted, want %d", n, 4*maxBlobs, maxBlobs)
		}
		l.left(maxBytes-30*maxBlobs, 0)
		for range maxBlobs {
			group.Go(func() { _ = m.Release(ctx, first, tenant.Usage{Bytes: 30, Blobs: 1}) })
		}
		group.Wait()
		l.left(maxBytes, maxBlobs)
	}
	return l.err
}
