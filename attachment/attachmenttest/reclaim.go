package attachmenttest

import (
	"context"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// Purge implements attachment.ReclaimRepository.
func (r *Repository) Purge(_ context.Context, q attachment.PurgeQuery) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	doomed, named := r.ended(q), rowKey{q.TenantID, q.SharedWith}
	var keys []rowKey
	for key, row := range r.records {
		if key != named && doomed(row) {
			keys = append(keys, key)
		}
	}
	if row := r.records[named]; row != nil && doomed(row) {
		keys = append(keys, named) // it names the others, so it goes last
	}
	keys = keys[:min(len(keys), q.Limit)]
	if q.DryRun {
		return len(keys), nil
	}
	for _, key := range keys {
		row := r.records[key]
		delete(r.records, key)
		if row.content.References--; row.content.References == 0 {
			row.content.State, row.content.updatedAt = attachment.ContentDeleting, q.Now
		}
	}
	return len(keys), nil
}

// ended returns which records q takes.
func (r *Repository) ended(q attachment.PurgeQuery) func(row *record) bool {
	if q.SharedWith != "" {
		named := r.records[rowKey{q.TenantID, q.SharedWith}]
		return func(row *record) bool { return named != nil && row.content == named.content && !row.LegalHold }
	}
	if q.TenantID != "" {
		return func(row *record) bool { return row.TenantID == q.TenantID }
	}
	return func(row *record) bool {
		over := !row.RetentionExpiresAt.After(q.Now) || row.DeletedAt != nil && row.DeletedAt.Before(q.DeletedBefore)
		return over && !row.LegalHold
	}
}

// Garbage implements attachment.ReclaimRepository.
func (r *Repository) Garbage(_ context.Context, g attachment.GarbageQuery) ([]attachment.Content, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []attachment.Content
	for _, c := range r.contents {
		dead := c.State == attachment.ContentStoring && c.updatedAt.Before(g.Cutoff)
		if g.TenantID != "" && c.TenantID != g.TenantID {
			continue
		}
		if len(found) == g.Limit || !dead && c.State != attachment.ContentDeleting || c.garbageLease.After(g.Now) {
			continue
		}
		if !g.DryRun {
			c.State, c.garbageLease = attachment.ContentDeleting, g.Now.Add(g.Lease)
		}
		found = append(found, c.Content)
	}
	return found, nil
}

// Forget implements attachment.ReclaimRepository.
func (r *Repository) Forget(_ context.Context, c attachment.Content) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := rowKey{c.TenantID, c.ID}
	if row := r.contents[key]; row != nil && row.State == attachment.ContentDeleting {
		delete(r.contents, key)
	}
	return nil
}

// KnownKeys implements attachment.ReclaimRepository.
func (r *Repository) KnownKeys(_ context.Context, tenantID string, keys []string) (map[string]bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := map[string]bool{}
	for _, key := range keys {
		asked[key] = true
	}
	known := map[string]bool{}
	for _, c := range r.contents {
		if c.TenantID == tenantID && asked[c.StorageKey] {
			known[c.StorageKey] = true
		}
	}
	return known, nil
}

// Installation implements attachment.ReclaimRepository.
func (r *Repository) Installation(context.Context) (string, int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.installation, int64(len(r.contents)), nil
}
