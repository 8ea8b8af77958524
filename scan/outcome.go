package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// judge turns what a scanner said of a claimed job into the claim's outcome,
// and into what Work tells the queue. ctx is the worker's, not the scan's: if
// it is done, the worker was stopped and the scan cut short.
func (w *Worker) judge(ctx context.Context, job Job, res Result, err error) (Outcome, error) {
	if err == nil && res.Verdict != Unknown {
		return Outcome{Status: res.Verdict.Status(), Result: res, Err: unscannable(res)}, nil
	}
	if err == nil {
		err = &Error{Scanner: cmp.Or(res.Engine, "scanner"), Op: "scan", Err: errors.New(cmp.Or(res.Detail, "it does not know")), Temporary: true}
	}

	now := time.Now()
	var waited time.Duration
	if !job.PendingSince.IsZero() {
		waited = now.Sub(job.PendingSince)
	}
	retry := func(after time.Duration, uncounted bool) (Outcome, error) {
		at := now.Add(after)
		return Outcome{Status: StatusPending, Result: res, Err: describe(err), NextAt: at, Uncounted: uncounted},
			&RetryError{At: at, Err: err}
	}
	switch {
	case ctx.Err() != nil:
		return retry(0, true)
	case outage(err) && waited < w.opts.Policy.patience(job.TenantID):
		return retry(max(w.outageDelay(waited), wish(err)), true)
	case Retryable(err) && !outage(err) && job.Attempt+1 < w.opts.MaxAttempts:
		return retry(max(w.backoff(job.Attempt), wish(err)), false)
	}
	return Outcome{Status: StatusError, Result: res, Err: describe(err)}, fmt.Errorf("%w: %w", ErrGaveUp, err)
}

// backoff doubles with every attempt. Jitter takes up to half of it, so that
// jobs that failed together do not come back together.
func (w *Worker) backoff(attempt int) time.Duration {
	d := w.opts.Backoff
	for range attempt {
		if d = 2 * d; d >= w.opts.MaxBackoff {
			break
		}
	}
	return jitter(min(d, w.opts.MaxBackoff))
}

// outageDelay grows with the time already waited, for attempts are not counted
// during an outage. It stays short enough that the backlog starts to move
// within minutes of the scanner's return.
func (w *Worker) outageDelay(waited time.Duration) time.Duration {
	return jitter(min(max(waited/2, w.opts.Backoff), w.opts.MaxOutageBackoff))
}

func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1) //nolint:gosec // nobody gains by guessing it
}

// wish is the delay that the scanner itself asked for.
func wish(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// unscannable explains the one verdict whose status is "error".
func unscannable(res Result) string {
	if res.Verdict != Unscannable {
		return ""
	}
	return cmp.Or(res.Detail, "cannot be scanned")
}

const maxDescription = 500

// describe is the error as the ledger keeps it: one bounded line.
func describe(err error) string {
	line := strings.Join(strings.Fields(strings.ToValidUTF8(err.Error(), "?")), " ")
	if len(line) > maxDescription {
		line = strings.ToValidUTF8(line[:maxDescription], "") + "…"
	}
	return line
}
