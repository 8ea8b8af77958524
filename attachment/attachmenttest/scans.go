package attachmenttest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

func (c *content) job() scan.Job {
	return scan.Job{
		TenantID: c.TenantID, ContentID: c.ID, SHA256: c.SHA256, Size: c.Size, Filename: c.filename, MIMEType: c.mimeType,
		Scanner: c.scanner, Priority: c.priority, Attempt: c.attempts, PendingSince: c.pendingSince,
	}
}

// scannable reports whether a scan of c may begin now.
func (c *content) scannable(now time.Time) bool {
	return c.State == attachment.ContentStored && c.due != nil && !c.due.After(now) && !c.lease.After(now)
}

// ClaimScan implements attachment.ScanRepository.
func (r *Repository) ClaimScan(_ context.Context, job scan.Job, token string, now time.Time, lease time.Duration) (attachment.Content, scan.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.contents[rowKey{job.TenantID, job.ContentID}]
	if c == nil || !c.scannable(now) {
		return attachment.Content{}, scan.Job{}, scan.ErrNotDue
	}
	job = c.job()
	c.attempts++
	c.token, c.lease = token, now.Add(lease)
	return c.Content, job, nil
}

// claimed returns the content that a claim still holds, or nil.
func (r *Repository) claimed(claim scan.Claim) *content {
	c := r.contents[rowKey{claim.Job.TenantID, claim.Job.ContentID}]
	if c == nil || c.token == "" || c.token != claim.Token {
		return nil
	}
	return c
}

// ExtendScan implements attachment.ScanRepository.
func (r *Repository) ExtendScan(_ context.Context, claim scan.Claim, now time.Time, lease time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.claimed(claim)
	if c == nil {
		return scan.ErrNotDue
	}
	c.lease = now.Add(lease)
	return nil
}

// SettleScan implements attachment.ScanRepository.
func (r *Repository) SettleScan(_ context.Context, claim scan.Claim, outcome scan.Outcome, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.claimed(claim)
	if c == nil {
		return scan.ErrNotDue
	}
	c.token, c.lease, c.updatedAt = "", time.Time{}, now
	if outcome.Status == scan.StatusPending {
		if c.due = &outcome.NextAt; outcome.Uncounted {
			c.attempts--
		}
		return nil
	}
	if outcome.Status == scan.StatusError && c.scannedAt != nil {
		c.due, c.attempts = nil, 0 // the rescan failed; the verdict stands
		return nil
	}
	c.settle(outcome.Status, outcome.Result, now)
	return nil
}

func (c *content) settle(status scan.Status, result scan.Result, now time.Time) {
	c.status, c.result, c.scannedAt = status, &result, &now
	c.due, c.attempts, c.updatedAt = nil, 0, now
}

// DueScans implements attachment.ScanRepository.
func (r *Repository) DueScans(_ context.Context, now time.Time, limit int) ([]scan.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var jobs []scan.Job
	for _, c := range r.contents {
		if c.scannable(now) {
			jobs = append(jobs, c.job())
		}
	}
	slices.SortFunc(jobs, func(a, b scan.Job) int {
		return cmp.Or(a.PendingSince.Compare(b.PendingSince), cmp.Compare(a.ContentID, b.ContentID))
	})
	turn, turns := map[string]int{}, map[string]int{} // by tenant, by content
	for _, job := range jobs {
		turns[job.ContentID] = turn[job.TenantID]
		turn[job.TenantID]++
	}
	slices.SortStableFunc(jobs, func(a, b scan.Job) int { return cmp.Compare(turns[a.ContentID], turns[b.ContentID]) })
	return jobs[:min(limit, len(jobs))], nil
}

// ScanBacklog implements attachment.ScanRepository.
func (r *Repository) ScanBacklog(context.Context) (scan.Backlog, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b scan.Backlog
	for _, c := range r.contents {
		if c.State != attachment.ContentStored || c.due == nil {
			continue
		}
		if b.Pending++; b.Oldest.IsZero() || c.pendingSince.Before(b.Oldest) {
			b.Oldest = c.pendingSince
		}
	}
	return b, nil
}

// RequestScan implements attachment.ScanRepository.
func (r *Repository) RequestScan(ctx context.Context, id string, now time.Time) (job scan.Job, err error) {
	err = r.with(ctx, id, func(row *record) {
		c := row.content
		c.due, c.pendingSince, c.attempts, c.overruled = &now, now, 0, false
		if c.scannedAt == nil {
			c.status = scan.StatusPending
		}
		job = c.job()
	})
	return job, err
}

// RequestScans implements attachment.ScanRepository.
func (r *Repository) RequestScans(_ context.Context, q attachment.RescanQuery) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, c := range r.contents {
		if n == q.Limit {
			break
		}
		byScanner := c.scannedAt != nil && !c.overruled && c.status != scan.StatusSkipped && c.due == nil && c.State == attachment.ContentStored
		if byScanner && (c.scannedAt.Before(q.ScannedBefore) || q.Signatures != "" && c.result.Signatures != q.Signatures) {
			c.due, c.pendingSince, c.attempts = &q.Now, q.Now, 0
			n++
		}
	}
	return n, nil
}

// SetVerdict implements attachment.ScanRepository.
func (r *Repository) SetVerdict(ctx context.Context, id string, status scan.Status, result scan.Result, now time.Time) (v attachment.EmailAttachment, err error) {
	err = r.with(ctx, id, func(row *record) {
		row.content.settle(status, result, now)
		row.content.token = "" // a scan under way must not overrule
		row.content.overruled = true
		v = row.view()
	})
	return v, err
}
