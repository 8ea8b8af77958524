package attachment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// SweepOptions shapes a sweep.
type SweepOptions struct {
	// DeletedGrace is how long a deleted attachment can be restored; a
	// nanosecond is not at all. Defaults to 7 days.
	DeletedGrace time.Duration

	// IntentGrace is after what time an execution counts as dead. It must be
	// longer than the longest upload takes. Defaults to one hour.
	IntentGrace time.Duration

	// DryRun reports what would go and leaves it. Defaults to false.
	DryRun bool
}

// SweepReport says what a sweep removed, or with DryRun would have removed at
// once: contents that lose their last reference are then not counted yet.
type SweepReport struct {
	Records int   `json:"records"` // past their retention, or deleted and past the grace
	Blobs   int   `json:"blobs"`   // without a reference
	Bytes   int64 `json:"bytes"`   // in those blobs
	Staged  int   `json:"staged"`  // uploads that were never finished
	DryRun  bool  `json:"dryRun"`
}

const (
	sweepBatch = 200
	sweepLease = 5 * time.Minute
)

// Sweep removes what has come to its end: records, then contents without a
// record, then their blobs, then uploads that nobody will finish. The host
// schedules it, on as many machines as it likes, with a ctx that carries no tenant:
// a tenant.Store gives unfinished uploads to nobody but the system. Its cost grows
// with what it removes. What it could not remove is there for the next sweep; the
// error joins the reasons.
func (h *AttachmentHandler) Sweep(ctx context.Context, opts *SweepOptions) (report SweepReport, err error) {
	ctx, span := h.step(ctx, "attachment.sweep")
	defer span.end(&err)
	defer func(start time.Time) { h.countSweep(ctx, report, err, time.Since(start)) }(time.Now())
	o := SweepOptions{DeletedGrace: 7 * 24 * time.Hour, IntentGrace: time.Hour}
	if opts != nil {
		o.DryRun = opts.DryRun
		if opts.DeletedGrace > 0 {
			o.DeletedGrace = opts.DeletedGrace
		}
		if opts.IntentGrace > 0 {
			o.IntentGrace = opts.IntentGrace
		}
	}
	now := h.opts.Now().UTC()
	report.DryRun = o.DryRun
	report.Records, err = h.purge(ctx, PurgeQuery{Now: now, DeletedBefore: now.Add(-o.DeletedGrace), DryRun: o.DryRun})
	if err != nil {
		return report, err
	}
	failed := h.reclaim(ctx, GarbageQuery{Now: now, Cutoff: now.Add(-o.IntentGrace), DryRun: o.DryRun}, &report)
	if r, ok := blob.As[blob.Reclaimer](h.store); ok && !o.DryRun {
		report.Staged, err = r.Reclaim(ctx, now.Add(-o.IntentGrace))
		if !errors.Is(err, blob.ErrUnsupported) {
			failed = errors.Join(failed, err)
		}
	}
	return report, failed
}

// purge removes records in batches, so that no transaction grows long.
func (h *AttachmentHandler) purge(ctx context.Context, q PurgeQuery) (total int, err error) {
	q.Limit = sweepBatch
	if q.DryRun {
		q.Limit = 1 << 30
	}
	for {
		n, err := h.repo.Purge(ctx, q)
		total += n
		if err != nil || n < q.Limit {
			return total, err
		}
	}
}

// reclaim deletes blobs and then the rows that knew of them. The lease on what
// Garbage hands out keeps other hosts, and the next batch, from the same rows.
func (h *AttachmentHandler) reclaim(ctx context.Context, g GarbageQuery, report *SweepReport) (failed error) {
	g.Limit, g.Lease = sweepBatch, sweepLease
	if g.DryRun {
		g.Limit = 1 << 30
	}
	for {
		contents, err := h.repo.Garbage(ctx, g)
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, c := range contents {
			if !g.DryRun {
				if err := h.destroy(ctx, c); err != nil {
					failed = errors.Join(failed, err)
					continue
				}
			}
			report.Blobs++
			report.Bytes += c.Size
		}
		if len(contents) < g.Limit {
			return failed
		}
	}
}

// destroy removes a blob and then its row: the other way round, a crash would
// leave a blob that nobody knows.
func (h *AttachmentHandler) destroy(ctx context.Context, c Content) error {
	if err := h.store.Delete(asSystem(ctx, c.TenantID), c.StorageKey); err != nil {
		return fmt.Errorf("reclaim content %s: %w", c.ID, err)
	}
	return h.repo.Forget(ctx, c)
}
