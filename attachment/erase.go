package attachment

import (
	"context"
	"fmt"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Erasure proves that a tenant's data is gone: what was removed, and what a
// look afterwards found.
type Erasure struct {
	TenantID string    `json:"tenantId"`
	At       time.Time `json:"at"`
	Records  int       `json:"records"` // removed
	Blobs    int       `json:"blobs"`   // removed
	Bytes    int64     `json:"bytes"`   // removed

	RecordsLeft int `json:"recordsLeft"`
	// BlobsLeft counts what the store still lists under the tenant; -1 if the
	// store cannot list.
	BlobsLeft int `json:"blobsLeft"`
}

// Complete reports whether nothing was found afterwards.
func (e Erasure) Complete() bool { return e.RecordsLeft == 0 && e.BlobsLeft <= 0 }

// EraseTenant removes everything of one tenant: records in any state, those
// under legal hold included, and all blobs, whether a record knew them or not.
// It is the host's own call, made when a tenant leaves, and may be repeated
// until the proof is Complete. The host stops the tenant's executions first:
// one that is under way may store its attachment after the proof was made.
func (h *AttachmentHandler) EraseTenant(ctx context.Context, tenantID string) (Erasure, error) {
	proof := Erasure{TenantID: tenantID, At: h.opts.Now().UTC(), BlobsLeft: -1}
	if err := tenant.ValidateID(tenantID); err != nil {
		return proof, err
	}
	var err error
	if proof.Records, err = h.purge(ctx, PurgeQuery{Now: proof.At, TenantID: tenantID}); err != nil {
		return proof, err
	}
	// Leases of a sweep under way are passed over: deleting twice is harmless.
	var swept SweepReport
	everything := GarbageQuery{Now: proof.At.Add(sweepLease), Cutoff: proof.At.Add(time.Second), TenantID: tenantID}
	err = h.reclaim(ctx, everything, &swept)
	proof.Blobs, proof.Bytes = swept.Blobs, swept.Bytes
	if err != nil {
		return proof, err
	}
	ctx = asSystem(ctx, tenantID)
	if proof.BlobsLeft, err = h.eraseStrays(ctx, tenantID, &proof); err != nil {
		return proof, err
	}
	for _, q := range []Query{{}, {Deleted: true}} {
		page, err := h.repo.List(ctx, q)
		if err != nil {
			return proof, err
		}
		proof.RecordsLeft += len(page.Records)
	}
	return proof, nil
}

// eraseStrays deletes the tenant's blobs that no row knew, and counts what is
// listed after that.
func (h *AttachmentHandler) eraseStrays(ctx context.Context, tenantID string, proof *Erasure) (left int, err error) {
	lister, ok := blob.As[blob.Lister](h.store)
	if !ok {
		return -1, nil
	}
	prefix := keyPrefix(tenantID)
	for info, err := range lister.List(ctx, prefix) {
		if err != nil {
			return -1, fmt.Errorf("list the tenant's blobs: %w", err)
		}
		if err := h.store.Delete(ctx, info.Key); err != nil {
			return -1, err
		}
		proof.Blobs++
		proof.Bytes += info.Size
	}
	for _, err := range lister.List(ctx, prefix) {
		if err != nil {
			return -1, err
		}
		left++
	}
	return left, nil
}
