package scan

import (
	"context"
	"fmt"
	"time"
)

// Timeout ends a scan of s after d. It relies on s to heed its context, as the
// port demands, and leaves no goroutine behind.
func Timeout(s Scanner, d time.Duration) Scanner { return timeout{s, d} }

type timeout struct {
	Scanner
	d time.Duration
}

func (t timeout) Unwrap() Scanner { return t.Scanner }

func (t timeout) Scan(ctx context.Context, obj Object) (Result, error) {
	inner, cancel := context.WithTimeout(ctx, t.d)
	defer cancel()
	res, err := t.Scanner.Scan(inner, obj)
	if err != nil && inner.Err() != nil && ctx.Err() == nil {
		return Result{}, &Error{Scanner: "timeout", Op: "scan", Err: fmt.Errorf("%w after %s: %w", context.DeadlineExceeded, t.d, err), Temporary: true}
	}
	return res, err
}

// Limit lets n scans of s, at least 1, run at once; others wait for their turn.
// One whose context ends before its turn comes fails with ErrUnavailable, which
// costs its object no attempt.
func Limit(s Scanner, n int) Scanner { return limit{s, make(chan struct{}, max(1, n))} }

type limit struct {
	Scanner
	places chan struct{}
}

func (l limit) Unwrap() Scanner { return l.Scanner }

func (l limit) Scan(ctx context.Context, obj Object) (Result, error) {
	select {
	case l.places <- struct{}{}:
	case <-ctx.Done():
		return Result{}, l.late()
	}
	defer func() { <-l.places }()
	if ctx.Err() != nil { // select takes either where both are so
		return Result{}, l.late()
	}
	return l.Scanner.Scan(ctx, obj)
}

func (limit) late() error {
	return &Error{Scanner: "limit", Op: "wait", Err: fmt.Errorf("%w: every place is taken", ErrUnavailable), Temporary: true}
}
