package virustotal

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// quota grants requests: so many in any minute, and so many in a day of UTC,
// as VirusTotal counts them. A bound below zero is none.
type quota struct {
	perMinute, perDay int

	mu      sync.Mutex
	granted []time.Time // the last perMinute grants, which may lie ahead
	day     time.Time   // the day that today counts
	today   int
	closed  time.Time // the server said: not before this
}

func newQuota(perMinute, perDay int) *quota { return &quota{perMinute: perMinute, perDay: perDay} }

// wait returns when a request may be made. If that is further away than
// maxWait, or than the end of ctx, it fails at once with ErrRateLimited and
// takes nothing.
func (q *quota) wait(ctx context.Context, op string, maxWait time.Duration) error {
	now := time.Now()
	if deadline, ok := ctx.Deadline(); ok {
		maxWait = min(maxWait, max(0, deadline.Sub(now)))
	}
	at, ok := q.grant(now, maxWait)
	if !ok {
		return rateLimited(op, at.Sub(now), "our own quota is used up")
	}
	if err := sleep(ctx, at.Sub(now)); err != nil {
		return transportError(ctx, op, err)
	}
	return nil
}

// grant finds the first moment for a request, and takes it if that is within
// maxWait.
func (q *quota) grant(now time.Time, maxWait time.Duration) (at time.Time, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at = latest(now, q.closed)
	if q.perMinute >= 0 && len(q.granted) == q.perMinute {
		if q.perMinute == 0 {
			return at.Add(time.Minute), false
		}
		at = latest(at, q.granted[0].Add(time.Minute))
	}
	if day := at.UTC().Truncate(24 * time.Hour); day.After(q.day) {
		q.day, q.today = day, 0
	}
	if q.perDay >= 0 && q.today >= q.perDay {
		return q.day.Add(24 * time.Hour), false
	}
	if at.Sub(now) > maxWait {
		return at, false
	}
	q.today++
	if q.perMinute > 0 {
		q.granted = append(q.granted, at)
		q.granted = slices.Delete(q.granted, 0, max(0, len(q.granted)-q.perMinute))
	}
	return at, true
}

// close keeps everyone away for as long as the server asked.
func (q *quota) close(d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = latest(q.closed, time.Now().Add(d))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func rateLimited(op string, after time.Duration, why string) error {
	return &scan.Error{Scanner: engineName, Op: op, Err: fmt.Errorf("%w: %s", scan.ErrRateLimited, why), Temporary: true, RetryAfter: after}
}
