package attachment

import (
	"context"
	"errors"
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

	RecordsLeft int `json:"recordsLeft"` // at least; no more than 200 are counted; -1 before anybody looked
	// BlobsLeft counts what the store still lists of the tenant's attachments;
	// -1 if nobody could look, as in a store that does not list.
	BlobsLeft int `json:"blobsLeft"`
}

// Complete reports whether somebody looked afterwards, and found nothing.
func (e Erasure) Complete() bool { return e.RecordsLeft == 0 && e.BlobsLeft == 0 }

// EraseTenant removes everything of one tenant that this handler stored: records
// in any state, those under legal hold included, and all blobs of attachments,
// whether a record knew them or not. Unfinished uploads go with the next Sweep;
// what the host keeps in the same store under other keys, package claimcheck's
// staged bytes among it, is the host's to remove.
//
// It is the host's own call, made when a tenant leaves, and may be repeated
// until the proof is Complete. The host stops the tenant's executions first:
// one that is under way may store its attachment after the proof was made.
func (h *AttachmentHandler) EraseTenant(ctx context.Context, tenantID string) (Erasure, error) {
	proof := Erasure{TenantID: tenantID, At: h.opts.Now().UTC(), RecordsLeft: -1, BlobsLeft: -1}
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
	left := 0
	for _, q := range []Query{{}, {Deleted: true}} {
		page, err := h.repo.List(ctx, q)
		if err != nil {
			return proof, err
		}
		left += len(page.Records)
	}
	proof.RecordsLeft = left
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
		if errors.Is(err, blob.ErrUnsupported) {
			return -1, nil
		}
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
