package scan

import (
	"context"
	"strings"
	"sync"
	"time"
)

// severity orders the verdicts of several scanners on one object: the worst
// wins. An error ranks between Unscannable and Unknown. It is the only place
// where verdicts are compared.
func severity(v Verdict) int {
	switch v {
	case Infected:
		return 4
	case Suspicious:
		return 3
	case Unscannable:
		return 2
	case Clean:
		return 0
	default: // Unknown and whatever else
		return 1
	}
}

// All asks every scanner at the same time, each with a stream of its own, and
// returns the worst verdict: infected, suspicious, unscannable, unknown, clean.
// It is Clean only if every scanner says so. If one fails, the others may still
// convict the object, but not clear it.
func All(scanners ...Scanner) Scanner { return all(guarded(scanners)) }

type all []Scanner

func (a all) Scan(ctx context.Context, obj Object) (Result, error) {
	if len(a) == 0 {
		return Result{}, &Error{Scanner: "all", Op: "scan", Err: errNoScanners}
	}
	results, errs := make([]Result, len(a)), make([]error, len(a))
	var wg sync.WaitGroup
	for i, s := range a {
		wg.Go(func() { results[i], errs[i] = s.Scan(ctx, obj) })
	}
	wg.Wait()

	worst, failed := results[:0:0], errs[:0:0]
	for i, res := range results {
		if errs[i] != nil {
			failed = append(failed, errs[i])
		} else {
			worst = append(worst, res)
		}
	}
	merged := merge(worst)
	if len(failed) > 0 && severity(merged.Verdict) <= severity(Unknown) {
		return Result{}, leastHopeful(failed)
	}
	return merged, nil
}

// merge is the worst of results. Where that is Clean it speaks for them all:
// every engine is named, Bytes and ScannedAt are the least of theirs, and ByHash is
// set only if none of them read the bytes.
func merge(results []Result) Result {
	var worst Result
	for i, res := range results {
		if i == 0 || severity(res.Verdict) > severity(worst.Verdict) {
			worst = res
		}
	}
	if worst.Verdict != Clean {
		return worst
	}
	var engines, signatures []string
	for _, res := range results {
		engines, signatures = append(engines, res.Engine), append(signatures, res.Signatures)
		worst.Bytes = min(worst.Bytes, res.Bytes)
		worst.ByHash = worst.ByHash && res.ByHash
		worst.ScannedAt = earlier(worst.ScannedAt, res.ScannedAt)
		worst.Duration = max(worst.Duration, res.Duration)
	}
	worst.Engine, worst.Signatures = strings.Join(engines, " + "), strings.Join(signatures, " + ")
	return worst
}

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}
