package bench

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A contender is one way to do the work of a benchmark. Only run is measured;
// undo may be nil. Rounds count from 0.
type contender struct {
	name string
	run  func(tb testing.TB, round int)
	undo func(tb testing.TB)
}

// inTurns gives every contender its turn in every round, which begins with
// prepare unless that is nil. It reports the median seconds of each and returns
// them. Before a turn nobody's writes are left to the disk: a peer that does
// not sync must not slow down who comes next.
func inTurns(b *testing.B, prepare func(round int), contenders ...contender) (median map[string]float64) {
	b.Helper()
	times := make(map[string][]float64)
	for round := 0; b.Loop(); round++ {
		if prepare != nil {
			prepare(round)
		}
		for _, c := range contenders {
			unix.Sync()
			began := time.Now()
			c.run(b, round)
			times[c.name] = append(times[c.name], time.Since(began).Seconds())
			if c.undo != nil {
				c.undo(b)
			}
		}
	}
	median = make(map[string]float64)
	for name, all := range times {
		slices.Sort(all)
		median[name] = all[len(all)/2]
		b.ReportMetric(median[name], name+"-s")
	}
	b.ReportMetric(0, "ns/op") // of all contenders together: says nothing
	return median
}

// mebibytes returns the size that an environment variable sets, in bytes.
func mebibytes(tb testing.TB, variable string, fallback int64) int64 {
	tb.Helper()
	mib := fallback
	if text := os.Getenv(variable); text != "" {
		var err error
		mib, err = strconv.ParseInt(text, 10, 64)
		require.NoError(tb, err, variable)
	}
	return mib << 20
}
