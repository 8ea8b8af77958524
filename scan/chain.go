package scan

import (
	"context"
	"errors"
	"fmt"
)

var errNoScanners = fmt.Errorf("%w: no scanners", ErrConfig)

// Chain asks one scanner after the other until one is decisive: it gives a
// verdict other than Unknown. Unscannable is decisive too, for what one cannot
// judge another must not call clean by seeing less. A scanner that fails is
// passed over, so each of them must be one that you would trust alone. If none
// is decisive the result is Unknown, or the errors if there were any.
//
// Put what is cheap first: a lookup by hash, then the scan of the bytes.
func Chain(scanners ...Scanner) Scanner { return chain(guarded(scanners)) }

type chain []Scanner

func (c chain) Scan(ctx context.Context, obj Object) (Result, error) {
	if len(c) == 0 {
		return Result{}, &Error{Scanner: "chain", Op: "scan", Err: errNoScanners}
	}
	var unknown Result
	var failed []error
	for _, s := range c {
		res, err := s.Scan(ctx, obj)
		switch {
		case err != nil:
			failed = append(failed, err)
		case res.Verdict != Unknown:
			return res, nil
		default:
			unknown = res
		}
		if ctx.Err() != nil {
			break
		}
	}
	if len(failed) > 0 {
		return Result{}, mostHopeful(failed)
	}
	return unknown, nil
}

func guarded(scanners []Scanner) []Scanner {
	guards := make([]Scanner, len(scanners))
	for i, s := range scanners {
		guards[i] = Guard(s)
	}
	return guards
}

// mostHopeful joins errors of scanners of which one suffices: the first that
// is worth a retry leads, and decides whether there is one.
func mostHopeful(errs []error) error { return lead(errs, Retryable) }

// leastHopeful joins errors of scanners of which all are needed: the first
// that no retry can mend leads, then one that counts as an attempt.
func leastHopeful(errs []error) error {
	return lead(errs, func(err error) bool { return !outage(err) }, func(err error) bool { return !Retryable(err) })
}

// lead joins errs after moving the first that satisfies each condition to the
// front, the last condition having the last word. Retryable and outage judge a
// joined error by its first.
func lead(errs []error, conditions ...func(error) bool) error {
	for _, condition := range conditions {
		for i, err := range errs {
			if condition(err) {
				copy(errs[1:i+1], errs[:i])
				errs[0] = err
				break
			}
		}
	}
	return errors.Join(errs...)
}
