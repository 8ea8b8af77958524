package host

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// Run does what goes on beside the work, until ctx ends: scans, the search for
// lost ones, and an hourly sweep.
func (h *Host) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	if h.scans.Run != nil {
		group.Go(func() error { return h.scans.Run(ctx) })
	}
	group.Go(func() error { return h.reconciler.Run(ctx) })
	group.Go(func() error {
		return h.Hourly(ctx, "sweep", func(ctx context.Context) error {
			_, err := h.Handler.Sweep(ctx, nil)
			return err
		})
	})
	return group.Wait()
}

// Hourly does something now and every hour, until ctx ends; then it returns
// nil. What fails is logged, and done again in an hour.
func (h *Host) Hourly(ctx context.Context, what string, do func(ctx context.Context) error) error {
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			h.Settings.Logger.Warn(what+" failed; the next one goes on", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Hour):
		}
	}
}

// AwaitScans returns when nothing is pending any more, or says how much is
// once limit has passed.
func (h *Host) AwaitScans(ctx context.Context, limit time.Duration) error {
	for deadline := time.Now().Add(limit); ; {
		backlog, err := h.Ledger.Backlog(ctx)
		if err != nil || backlog.Pending == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d contents still wait for a verdict after %s", backlog.Pending, limit)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
