package scantest

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

func harness(l *Ledger, as scan.Ledger) LedgerHarness {
	return LedgerHarness{
		Ledger: as,
		Add:    func(tenantID string, data []byte) scan.Job { return l.Add(tenantID, NewObject(data)) },
		Status: func(job scan.Job) scan.Status { return l.Outcome(job).Status },
		Sleep:  time.Sleep,
	}
}

func TestLedgerInMemory(t *testing.T) {
	RunLedger(t, func(*testing.T) LedgerHarness {
		l := NewLedger()
		return harness(l, l)
	})
}

// brokenLedger breaks one promise; nil functions keep it.
type brokenLedger struct {
	*Ledger
	claim  func(l *Ledger, ctx context.Context, job scan.Job, lease time.Duration) (scan.Claim, error)
	extend func(l *Ledger, ctx context.Context, claim scan.Claim, lease time.Duration) error
	settle func(l *Ledger, ctx context.Context, claim scan.Claim, outcome scan.Outcome) error
	due    func(l *Ledger, ctx context.Context, limit int) ([]scan.Job, error)
	count  func(b scan.Backlog) scan.Backlog
}

func (b brokenLedger) Claim(ctx context.Context, job scan.Job, lease time.Duration) (scan.Claim, error) {
	if b.claim != nil {
		return b.claim(b.Ledger, ctx, job, lease)
	}
	return b.Ledger.Claim(ctx, job, lease)
}

func (b brokenLedger) Extend(ctx context.Context, claim scan.Claim, lease time.Duration) error {
	if b.extend != nil {
		return b.extend(b.Ledger, ctx, claim, lease)
	}
	return b.Ledger.Extend(ctx, claim, lease)
}

func (b brokenLedger) Settle(ctx context.Context, claim scan.Claim, outcome scan.Outcome) error {
	if b.settle != nil {
		return b.settle(b.Ledger, ctx, claim, outcome)
	}
	return b.Ledger.Settle(ctx, claim, outcome)
}

func (b brokenLedger) Due(ctx context.Context, limit int) ([]scan.Job, error) {
	if b.due != nil {
		return b.due(b.Ledger, ctx, limit)
	}
	return b.Ledger.Due(ctx, limit)
}

func (b brokenLedger) Backlog(ctx context.Context) (scan.Backlog, error) {
	backlog, err := b.Ledger.Backlog(ctx)
	if b.count != nil {
		backlog = b.count(backlog)
	}
	return backlog, err
}

func TestLedgerSuiteCatchesBrokenLedgers(t *testing.T) {
	type (
		claimFunc  = func(l *Ledger, ctx context.Context, job scan.Job, lease time.Duration) (scan.Claim, error)
		settleFunc = func(l *Ledger, ctx context.Context, claim scan.Claim, outcome scan.Outcome) error
	)
	// with edits the entry before the real Claim runs.
	with := func(edit func(e *entry)) claimFunc {
		return func(l *Ledger, ctx context.Context, job scan.Job, lease time.Duration) (scan.Claim, error) {
			l.mu.Lock()
			if e := l.find(job); e != nil {
				edit(e)
			}
			l.mu.Unlock()
			return l.Claim(ctx, job, lease)
		}
	}
	edited := func(edit func(o *scan.Outcome)) settleFunc {
		return func(l *Ledger, ctx context.Context, claim scan.Claim, outcome scan.Outcome) error {
			edit(&outcome)
			return l.Settle(ctx, claim, outcome)
		}
	}
	broken := map[string]brokenLedger{
		"two workers hold one claim": {claim: with(func(e *entry) { e.lease = time.Time{} })},
		"a claim never lapses": {claim: func(l *Ledger, ctx context.Context, job scan.Job, _ time.Duration) (scan.Claim, error) {
			return l.Claim(ctx, job, longLease)
		}},
		"an extension does nothing": {extend: func(*Ledger, context.Context, scan.Claim, time.Duration) error { return nil }},
		"any token extends": {extend: func(l *Ledger, ctx context.Context, claim scan.Claim, lease time.Duration) error {
			l.mu.Lock()
			claim.Token = l.find(claim.Job).token
			l.mu.Unlock()
			return l.Extend(ctx, claim, lease)
		}},
		"settled content is claimable":   {claim: with(func(e *entry) { e.outcome.Status = scan.StatusPending })},
		"a retry is claimable early":     {claim: with(func(e *entry) { e.outcome.NextAt = time.Time{} })},
		"attempts are not counted":       {claim: with(func(e *entry) { e.job.Attempt = 0 })},
		"outages are counted":            {settle: edited(func(o *scan.Outcome) { o.Uncounted = false })},
		"no attempt survives a settling": {settle: edited(func(o *scan.Outcome) { o.Uncounted = true })},
		"the retry time is lost":         {settle: edited(func(o *scan.Outcome) { o.NextAt = time.Time{} })},
		"suspicious becomes clean": {settle: edited(func(o *scan.Outcome) {
			if o.Status == scan.StatusSuspicious {
				o.Status = scan.StatusClean
			}
		})},
		"any token settles": {settle: func(l *Ledger, ctx context.Context, claim scan.Claim, outcome scan.Outcome) error {
			l.mu.Lock()
			claim.Token = l.find(claim.Job).token
			l.mu.Unlock()
			return l.Settle(ctx, claim, outcome)
		}},
		"the object is another one": {claim: func(l *Ledger, ctx context.Context, job scan.Job, lease time.Duration) (scan.Claim, error) {
			claim, err := l.Claim(ctx, job, lease)
			claim.Object.Open = NewObject([]byte("another one")).Open
			return claim, err
		}},
		"the tenant does not matter": {claim: func(l *Ledger, ctx context.Context, job scan.Job, lease time.Duration) (scan.Claim, error) {
			l.mu.Lock()
			if e := l.entries[job.ContentID]; e != nil {
				job.TenantID = e.job.TenantID
			}
			l.mu.Unlock()
			return l.Claim(ctx, job, lease)
		}},
		"due includes what is claimed": {due: func(l *Ledger, _ context.Context, limit int) ([]scan.Job, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			var jobs []scan.Job
			for _, e := range l.entries {
				if e.outcome.Status == scan.StatusPending {
					jobs = append(jobs, e.job)
				}
			}
			return takeTurns(jobs, limit), nil
		}},
		"due is first come, first served": {due: func(l *Ledger, ctx context.Context, limit int) ([]scan.Job, error) {
			jobs, err := l.Due(ctx, 1000)
			slices.SortFunc(jobs, func(a, b scan.Job) int { return a.PendingSince.Compare(b.PendingSince) })
			return jobs[:min(limit, len(jobs))], err
		}},
		"due is empty":               {due: func(*Ledger, context.Context, int) ([]scan.Job, error) { return nil, nil }},
		"the backlog counts nothing": {count: func(b scan.Backlog) scan.Backlog { b.Pending = 0; return b }},
		"the backlog has no age":     {count: func(b scan.Backlog) scan.Backlog { b.Oldest = time.Time{}; return b }},
	}
	for name, b := range broken {
		t.Run(name, func(t *testing.T) {
			caught := false
			for _, check := range ledgerChecks() {
				synctest.Test(t, func(t *testing.T) {
					b.Ledger = NewLedger()
					caught = check.run(t.Context(), harness(b.Ledger, b)) != nil || caught
				})
			}
			require.True(t, caught, "no check noticed")
		})
	}
}
