package scantest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// The checks on one content: its claims, and how they end.

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
	_, err = h.Ledger.Claim(ctx, job, longLease)
	if err := wantNotDue("a claim on what is held by an extended one", err); err != nil {
		return err
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
	due, err := findDue(ctx, h, job)
	if err != nil {
		return err
	}
	if due != nil {
		return fmt.Errorf("due an hour early: %+v", due)
	}
	_, err = h.Ledger.Claim(ctx, job, longLease)
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
