package scantest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// LedgerHarness is a ledger under test and the hands to work it with.
type LedgerHarness struct {
	Ledger scan.Ledger

	// Add enters a pending content of the tenant with these bytes, never the
	// same twice, and returns its job. Contents are pending since the call.
	Add func(tenantID string, data []byte) scan.Job

	// Status returns how the content of a job stands.
	Status func(job scan.Job) scan.Status

	// Sleep lets time pass. Defaults to time.Sleep; a ledger on a clock of its
	// own moves that.
	Sleep func(d time.Duration)
}

// RunLedger proves a ledger. open returns an empty one for each subtest.
func RunLedger(t *testing.T, open func(t *testing.T) LedgerHarness) {
	for _, check := range ledgerChecks() {
		t.Run(check.name, func(t *testing.T) {
			h := open(t)
			if h.Sleep == nil {
				h.Sleep = time.Sleep
			}
			if err := check.run(t.Context(), h); err != nil {
				t.Fatal(err)
			}
		})
	}
}

type ledgerCheck struct {
	name string
	run  func(ctx context.Context, h LedgerHarness) error
}

func ledgerChecks() []ledgerCheck {
	return []ledgerCheck{
		{"a claim brings the job and its bytes", claimBringsBytes},
		{"one content has one claim at a time", claimExcludes},
		{"a hundred workers get one claim", claimRace},
		{"a claim lapses with its lease", claimLapses},
		{"a claim that is extended does not lapse", claimExtends},
		{"a lapsed claim cannot settle once another has it", staleSettle},
		{"a settled content stays settled", settledStays},
		{"every verdict arrives", everyStatus},
		{"a retry waits for its time", retryWaits},
		{"attempts are counted unless given back", attempts},
		{"due leaves out what is claimed or settled", dueLeavesOut},
		{"due gives tenants their turns", dueIsFair},
		{"the backlog is what is pending", backlog},
		{"tenants are kept apart", tenantsApart},
		{"what is not there is not due", unknownJob},
	}
}

// Leases in these checks: one that outlasts any test, and one that a test can
// wait for.
const (
	longLease  = time.Hour
	shortLease = 50 * time.Millisecond
	patience   = 10 * time.Second
)

func dueLeavesOut(ctx context.Context, h LedgerHarness) error {
	open, claimed, settled := h.Add("acme", []byte("open")), h.Add("acme", []byte("claimed")), h.Add("acme", []byte("settled"))
	if _, err := h.Ledger.Claim(ctx, claimed, longLease); err != nil {
		return err
	}
	claim, err := h.Ledger.Claim(ctx, settled, longLease)
	if err == nil {
		err = h.Ledger.Settle(ctx, claim, clean())
	}
	if err != nil {
		return err
	}
	due, err := h.Ledger.Due(ctx, 10)
	if err != nil {
		return err
	}
	if len(due) != 1 || due[0].ContentID != open.ContentID || due[0].TenantID != open.TenantID || due[0].Size != open.Size {
		return fmt.Errorf("due is %+v, want only %+v", due, open)
	}
	return nil
}

func dueIsFair(ctx context.Context, h LedgerHarness) error {
	var want []string
	for i := range 5 {
		job := h.Add("crowd", fmt.Appendf(nil, "crowd %d", i))
		if i == 0 {
			want = append(want, job.ContentID)
		}
		h.Sleep(time.Millisecond) // so that there is an order to keep
	}
	want = append(want, h.Add("single", []byte("single")).ContentID)
	due, err := h.Ledger.Due(ctx, 2)
	if err != nil {
		return err
	}
	if len(due) != 2 || due[0].ContentID != want[0] || due[1].ContentID != want[1] {
		return fmt.Errorf("due is %+v, want the longest pending of both tenants: %v", due, want)
	}
	return nil
}

func backlog(ctx context.Context, h LedgerHarness) error {
	b, err := h.Ledger.Backlog(ctx)
	if err != nil {
		return err
	}
	if b.Pending != 0 || !b.Oldest.IsZero() {
		return fmt.Errorf("an empty ledger has the backlog %+v", b)
	}
	oldest := h.Add("acme", []byte("one"))
	h.Add("globex", []byte("two"))
	if _, err := h.Ledger.Claim(ctx, oldest, longLease); err != nil { // claimed is still pending
		return err
	}
	if b, err = h.Ledger.Backlog(ctx); err != nil {
		return err
	}
	if off := b.Oldest.Sub(oldest.PendingSince).Abs(); b.Pending != 2 || off > time.Second {
		return fmt.Errorf("the backlog is %+v, want 2 since %s", b, oldest.PendingSince)
	}
	return nil
}

func tenantsApart(ctx context.Context, h LedgerHarness) error {
	job := h.Add("acme", []byte("the same bytes"))
	h.Add("globex", []byte("the same bytes"))
	forged := job
	forged.TenantID = "globex"
	_, err := h.Ledger.Claim(ctx, forged, longLease)
	return wantNotDue("a claim in another tenant's name", err)
}

func unknownJob(ctx context.Context, h LedgerHarness) error {
	_, err := h.Ledger.Claim(ctx, scan.Job{TenantID: "acme", ContentID: "no-such-content"}, longLease)
	return wantNotDue("a claim on nothing", err)
}

func clean() scan.Outcome {
	return scan.Outcome{Status: scan.StatusClean, Result: scan.Result{Verdict: scan.Clean, Engine: "suite", ScannedAt: time.Now()}}
}

// settleRetry claims the job and settles it as pending.
func settleRetry(ctx context.Context, h LedgerHarness, job scan.Job, outcome scan.Outcome) error {
	claim, err := h.Ledger.Claim(ctx, job, longLease)
	if err != nil {
		return err
	}
	outcome.Status, outcome.Err = scan.StatusPending, "not this time"
	return h.Ledger.Settle(ctx, claim, outcome)
}

func findDue(ctx context.Context, h LedgerHarness, job scan.Job) (*scan.Job, error) {
	due, err := h.Ledger.Due(ctx, 1000)
	for _, d := range due {
		if d.ContentID == job.ContentID {
			return &d, err
		}
	}
	return nil, err
}

// waitDue lets time pass until the job is due.
func waitDue(ctx context.Context, h LedgerHarness, job scan.Job) (scan.Job, error) {
	for waited := time.Duration(0); waited < patience; waited += shortLease / 2 {
		due, err := findDue(ctx, h, job)
		if err != nil {
			return job, err
		}
		if due != nil {
			return *due, nil
		}
		h.Sleep(shortLease / 2)
	}
	return job, fmt.Errorf("%s is not due again after %s", job.ContentID, patience)
}

func wantNotDue(what string, err error) error {
	switch {
	case errors.Is(err, scan.ErrNotDue):
		return nil
	case err == nil:
		return fmt.Errorf("%s succeeds, want ErrNotDue", what)
	default:
		return fmt.Errorf("%s: want ErrNotDue: %w", what, err)
	}
}
