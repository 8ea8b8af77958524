package attachment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// ErrWrongDatabase stops an audit that would delete: the database is empty, or
// knows nothing of what this tenant has in the store, so it is probably another
// installation's.
var ErrWrongDatabase = errors.New("the database does not know this store")

// AuditOptions shapes an audit.
type AuditOptions struct {
	// Delete removes the orphans found. Defaults to false: a dry run.
	Delete bool

	// MinAge spares younger blobs, for a database that lags behind or was just
	// restored. Defaults to 24 hours.
	MinAge time.Duration
}

// AuditReport says what a tenant's part of the store holds.
type AuditReport struct {
	Blobs   int      `json:"blobs"`
	Bytes   int64    `json:"bytes"`
	Orphans []string `json:"orphans"` // storage keys that no content has
	Deleted int      `json:"deleted"`
}

// Audit compares everything that a tenant has in the store with the database.
// It finds what Sweep cannot: blobs whose row was lost, with a database that
// was restored from a backup, say. Its cost grows with the store. The store
// must be a blob.Lister.
func (h *AttachmentHandler) Audit(ctx context.Context, tenantID string, opts *AuditOptions) (AuditReport, error) {
	o := AuditOptions{MinAge: 24 * time.Hour}
	if opts != nil {
		o.Delete = opts.Delete
		if opts.MinAge > 0 {
			o.MinAge = opts.MinAge
		}
	}
	var report AuditReport
	if err := tenant.ValidateID(tenantID); err != nil {
		return report, err
	}
	lister, ok := blob.As[blob.Lister](h.store)
	if !ok {
		return report, fmt.Errorf("audit: %w: the store cannot list", blob.ErrUnsupported)
	}
	ctx = asSystem(ctx, tenantID)
	known, err := h.findOrphans(ctx, tenantID, lister, o, &report)
	if err != nil || !o.Delete || len(report.Orphans) == 0 {
		return report, err
	}
	if known == 0 {
		return report, fmt.Errorf("audit: %w", ErrWrongDatabase)
	}
	for _, key := range report.Orphans {
		if err := h.store.Delete(ctx, key); err != nil {
			return report, err
		}
		report.Deleted++
	}
	return report, nil
}

// findOrphans lists the store, asks the database about each batch of keys, and
// says how many it knew.
func (h *AttachmentHandler) findOrphans(ctx context.Context, tenantID string, lister blob.Lister, o AuditOptions, report *AuditReport) (known int, err error) {
	if _, _, err := h.repo.Installation(ctx); err != nil {
		return 0, err
	}
	var batch []string
	ask := func() error {
		found, err := h.repo.KnownKeys(ctx, tenantID, batch)
		for _, key := range batch {
			if found[key] {
				known++
			} else if err == nil {
				report.Orphans = append(report.Orphans, key)
			}
		}
		batch = batch[:0]
		return err
	}
	oldEnough := h.opts.Now().Add(-o.MinAge)
	for info, err := range lister.List(ctx, keyPrefix(tenantID)) {
		if err != nil {
			return known, err
		}
		report.Blobs++
		report.Bytes += info.Size
		if info.ModTime.After(oldEnough) {
			continue
		}
		if batch = append(batch, info.Key); len(batch) == sweepBatch {
			if err := ask(); err != nil {
				return known, err
			}
		}
	}
	return known, ask()
}
