package scantest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
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

func claimBringsBytes(ctx context.Context, h LedgerHarness) error {
	data := []byte("the bytes of the content")
	job := h.Add("acme", data)
	if job.TenantID != "acme" || job.ContentID == "" || job.Size != int64(len(data)) || job.SHA256 == "" || job.PendingSince.IsZero() {
		return fmt.Errorf("incomplete job %+v", job)
	}
	claim, err := h.Ledger.Claim(ctx, job, longLease)
	if err != nil {
		return err
	}
	if claim.Job.ContentID != job.ContentID || claim.Job.TenantID != job.TenantID || claim.Token == "" {
		return fmt.Errorf("the claim is for %+v, token %q", claim.Job, claim.Token)
	}
	obj := claim.Object
	if obj.Size != job.Size || obj.SHA256 != job.SHA256 || obj.TenantID != "acme" {
		return fmt.Errorf("the object is %+v", obj)
	}
	for range 2 { // more than once, as All needs it
		body, err := obj.Open(ctx)
		if err != nil {
			return err
		}
		got, err := io.ReadAll(body)
		if err = errors.Join(err, body.Close()); err != nil {
			return err
		}
		if string(got) != string(data) {
			return fmt.Errorf("read %q, want %q", got, data)
		}
	}
	return nil
}

func claimExcludes(ctx context.Context, h LedgerHarness) error {
	job := h.Add("acme", []byte("one"))
	if _, err := h.Ledger.Claim(ctx, job, longLease); err != nil {
		return err
	}
	_, err := h.Ledger.Claim(ctx, job, longLease)
	return wantNotDue("the second claim", err)
}

func claimRace(ctx context.Context, h LedgerHarness) error {
	job := h.Add("acme", []byte("one"))
	errs := make([]error, 100)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = h.Ledger.Claim(ctx, job, longLease) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if err := wantNotDue("a losing claim", err); err != nil {
			return err
		}
	}
	if won != 1 {
		return fmt.Errorf("%d workers hold the claim, want 1", won)
	}
	return nil
}

func claimLapses(ctx context.Context, h LedgerHarness) error {
	job := h.Add("acme", []byte("one"))
	if _, err := h.Ledger.Claim(ctx, job, shortLease); err != nil {
		return err
	}
	again, err := waitDue(ctx, h, job)
	if err != nil {
		return err
	}
	if again.Attempt != 1 {
		return fmt.Errorf("a scan that never ended counts: Attempt is %d, want 1", again.Attempt)
	}
	_, err = h.Ledger.Claim(ctx, again, longLease)
	return err
}

func claimExtends(ctx context.Context, h LedgerHarness) error {
	job := h.Add("acme", []byte("one"))
	claim, err := h.Ledger.Claim(ctx, job, shortLease)
	if err != nil {
		return err
	}
	if err := h.Ledger.Extend(ctx, claim, longLease); err != nil {
		return err
	}
	h.Sleep(2 * shortLease)
	if _, err := h.Ledger.Claim(ctx, job, longLease); !errors.Is(err, scan.ErrNotDue) {
		return fmt.Errorf("an extended claim lapsed: Claim says %v, want ErrNotDue", err)
	}
	stranger := claim
	stranger.Token = "somebody else's"
	if err := wantNotDue("the extension of a stranger's claim", h.Ledger.Extend(ctx, stranger, longLease)); err != nil {
		return err
	}
	if err := h.Ledger.Settle(ctx, claim, clean()); err != nil {
		return err
	}
	return wantNotDue("the extension of a settled claim", h.Ledger.Extend(ctx, claim, longLease))
}

func staleSettle(ctx context.Context, h LedgerHarness) error {
	job := h.Add("acme", []byte("one"))
	first, err := h.Ledger.Claim(ctx, job, shortLease)
	if err != nil {
		return err
	}
	if job, err = waitDue(ctx, h, job); err != nil {
		return err
	}
	second, err := h.Ledger.Claim(ctx, job, longLease)
	if err != nil {
		return err
	}
	if err := wantNotDue("the settling of a lapsed claim", h.Ledger.Settle(ctx, first, clean())); err != nil {
		return err
	}
	if got := h.Status(job); got != scan.StatusPending {
		return fmt.Errorf("a lapsed claim made the status %q", got)
	}
	return h.Ledger.Settle(ctx, second, clean())
}

func settledStays(ctx context.Context, h LedgerHarness) error {
	job := h.Add("acme", []byte("one"))
	claim, err := h.Ledger.Claim(ctx, job, longLease)
	if err != nil {
		return err
	}
	infected := scan.Outcome{Status: scan.StatusInfected, Result: scan.Result{Verdict: scan.Infected, Threat: "EICAR"}}
	if err := h.Ledger.Settle(ctx, claim, infected); err != nil {
		return err
	}
	if err := wantNotDue("settling twice", h.Ledger.Settle(ctx, claim, clean())); err != nil {
		return err
	}
	if got := h.Status(job); got != scan.StatusInfected {
		return fmt.Errorf("the status is %q, want infected", got)
	}
	_, err = h.Ledger.Claim(ctx, job, longLease)
	return wantNotDue("a claim on what is settled", err)
}

func everyStatus(ctx context.Context, h LedgerHarness) error {
	for i, status := range []scan.Status{scan.StatusClean, scan.StatusSuspicious, scan.StatusInfected, scan.StatusError} {
		job := h.Add("acme", fmt.Appendf(nil, "content %d", i))
		claim, err := h.Ledger.Claim(ctx, job, longLease)
		if err != nil {
			return err
		}
		if got := h.Status(job); got != scan.StatusPending {
			return fmt.Errorf("a claimed content is %q, want pending", got)
		}
		if err := h.Ledger.Settle(ctx, claim, scan.Outcome{Status: status, Result: scan.Result{ScannedAt: time.Now()}}); err != nil {
			return err
		}
		if got := h.Status(job); got != status {
			return fmt.Errorf("the status is %q, want %q", got, status)
		}
	}
	return nil
}

func retryWaits(ctx context.Context, h LedgerHarness) error {
	job := h.Add("acme", []byte("one"))
	if err := settleRetry(ctx, h, job, scan.Outcome{NextAt: time.Now().Add(time.Hour)}); err != nil {
		return err
	}
	if due, err := findDue(ctx, h, job); err != nil || due != nil {
		return fmt.Errorf("due an hour early: %+v, %v", due, err)
	}
	_, err := h.Ledger.Claim(ctx, job, longLease)
	if err := wantNotDue("a claim before its time", err); err != nil {
		return err
	}

	soon := h.Add("acme", []byte("two"))
	if err := settleRetry(ctx, h, soon, scan.Outcome{NextAt: time.Now().Add(shortLease)}); err != nil {
		return err
	}
	_, err = waitDue(ctx, h, soon)
	return err
}

func attempts(ctx context.Context, h LedgerHarness) error {
	job := h.Add("acme", []byte("one"))
	for i, step := range []struct {
		uncounted bool
		want      int
	}{{false, 1}, {true, 1}, {false, 2}} {
		if err := settleRetry(ctx, h, job, scan.Outcome{Uncounted: step.uncounted}); err != nil {
			return err
		}
		due, err := waitDue(ctx, h, job)
		if err != nil {
			return err
		}
		if due.Attempt != step.want {
			return fmt.Errorf("after step %d Attempt is %d, want %d", i, due.Attempt, step.want)
		}
	}
	claim, err := h.Ledger.Claim(ctx, job, longLease)
	if err != nil {
		return err
	}
	if claim.Job.Attempt != 2 {
		return fmt.Errorf("the claim says Attempt %d, want 2: the scans begun before this one", claim.Job.Attempt)
	}
	return nil
}

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
	if err != nil || b.Pending != 0 || !b.Oldest.IsZero() {
		return fmt.Errorf("an empty ledger has the backlog %+v, %v", b, err)
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
	if !errors.Is(err, scan.ErrNotDue) {
		return fmt.Errorf("%s: got %v, want ErrNotDue", what, err)
	}
	return nil
}
