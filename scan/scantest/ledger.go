package scantest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// Ledger is a scan.Ledger in memory. It passes RunLedger.
type Ledger struct {
	mu      sync.Mutex
	entries map[string]*entry // by content id
	serial  int
}

type entry struct {
	job     scan.Job
	object  scan.Object
	outcome scan.Outcome
	lease   time.Time
	token   string
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger { return &Ledger{entries: map[string]*entry{}} }

// Add enters a pending content of a tenant and returns its job.
func (l *Ledger) Add(tenantID string, obj scan.Object) scan.Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serial++
	obj.TenantID = tenantID
	e := &entry{object: obj, outcome: scan.Outcome{Status: scan.StatusPending}}
	e.job = scan.Job{
		TenantID: tenantID, ContentID: fmt.Sprintf("content-%06d", l.serial),
		SHA256: obj.SHA256, Size: obj.Size, Filename: obj.Filename, MIMEType: obj.MIMEType,
		PendingSince: time.Now(),
	}
	l.entries[e.job.ContentID] = e
	return e.job
}

// AddJob enters job, which names its own content, as pending.
func (l *Ledger) AddJob(job scan.Job, obj scan.Object) scan.Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	job.PendingSince = cmp.Or(job.PendingSince, time.Now())
	l.entries[job.ContentID] = &entry{job: job, object: obj, outcome: scan.Outcome{Status: scan.StatusPending}}
	return job
}

// Outcome returns how the content stands; its Status is "" for one that the
// ledger does not have.
func (l *Ledger) Outcome(job scan.Job) scan.Outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(job)
	if e == nil {
		return scan.Outcome{}
	}
	return e.outcome
}

// Claim implements scan.Ledger.
func (l *Ledger) Claim(ctx context.Context, job scan.Job, lease time.Duration) (scan.Claim, error) {
	if err := ctx.Err(); err != nil {
		return scan.Claim{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(job)
	if e == nil || !e.due(time.Now()) {
		return scan.Claim{}, scan.ErrNotDue
	}
	l.serial++
	e.token, e.lease = fmt.Sprint(l.serial), time.Now().Add(lease)
	claim := scan.Claim{Job: e.job, Object: e.object, Token: e.token}
	e.job.Attempt++
	return claim, nil
}

// Extend implements scan.Ledger.
func (l *Ledger) Extend(ctx context.Context, claim scan.Claim, lease time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(claim.Job)
	if e == nil || e.token == "" || e.token != claim.Token {
		return scan.ErrNotDue
	}
	e.lease = time.Now().Add(lease)
	return nil
}

// Settle implements scan.Ledger.
func (l *Ledger) Settle(ctx context.Context, claim scan.Claim, outcome scan.Outcome) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(claim.Job)
	if e == nil || e.token == "" || e.token != claim.Token {
		return scan.ErrNotDue
	}
	e.token, e.lease, e.outcome = "", time.Time{}, outcome
	if outcome.Status == scan.StatusPending && outcome.Uncounted {
		e.job.Attempt--
	}
	return nil
}

// Due implements scan.Ledger.
func (l *Ledger) Due(ctx context.Context, limit int) ([]scan.Job, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var due []scan.Job
	for _, e := range l.entries {
		if e.due(time.Now()) {
			due = append(due, e.job)
		}
	}
	return takeTurns(due, limit), nil
}

// Backlog implements scan.Ledger.
func (l *Ledger) Backlog(ctx context.Context) (scan.Backlog, error) {
	if err := ctx.Err(); err != nil {
		return scan.Backlog{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var b scan.Backlog
	for _, e := range l.entries {
		if e.outcome.Status != scan.StatusPending {
			continue
		}
		b.Pending++
		if b.Oldest.IsZero() || e.job.PendingSince.Before(b.Oldest) {
			b.Oldest = e.job.PendingSince
		}
	}
	return b, nil
}

func (l *Ledger) find(job scan.Job) *entry {
	if e := l.entries[job.ContentID]; e != nil && e.job.TenantID == job.TenantID {
		return e
	}
	return nil
}

func (e *entry) due(now time.Time) bool {
	return e.outcome.Status == scan.StatusPending && !now.Before(e.lease) && !now.Before(e.outcome.NextAt)
}

// takeTurns orders jobs as Due promises: every tenant's longest pending, then
// every tenant's second.
func takeTurns(jobs []scan.Job, limit int) []scan.Job {
	slices.SortFunc(jobs, func(a, b scan.Job) int {
		return cmp.Or(a.PendingSince.Compare(b.PendingSince), cmp.Compare(a.ContentID, b.ContentID))
	})
	turn, turns := map[string]int{}, map[string]int{}
	for _, job := range jobs {
		turns[job.ContentID] = turn[job.TenantID]
		turn[job.TenantID]++
	}
	slices.SortStableFunc(jobs, func(a, b scan.Job) int { return cmp.Compare(turns[a.ContentID], turns[b.ContentID]) })
	return jobs[:min(limit, len(jobs))]
}
