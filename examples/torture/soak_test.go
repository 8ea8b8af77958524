package torture

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// soakSeconds is how long the soak goes on.
func soakSeconds() time.Duration { return seconds("SOAK_SECONDS", 10*time.Second) }

// levels are what must not rise. It is taken while nobody works.
type levels struct{ heap, goroutines, descriptors int }

// TestSoak: users at full speed, each keeping a bounded number of attachments,
// a sweeper and the scans. What memory, goroutines and descriptors the process
// needs does not grow with the work that it has done.
func TestSoak(t *testing.T) {
	seed := seed(t)
	rm := newRoom(t, "of-soak")
	at := rm.places(t, "of-soak")
	h := openHost(t, "soak", time.Minute, rm, at)

	var pause sync.RWMutex // held for reading by who works
	ctx, stop := context.WithTimeout(t.Context(), soakSeconds())
	defer stop()
	var working sync.WaitGroup
	work := func(act func()) {
		working.Go(func() {
			for ctx.Err() == nil && !t.Failed() {
				pause.RLock()
				act()
				pause.RUnlock()
			}
		})
	}
	users := make([]*user, 8)
	for n := range users {
		users[n] = newUser(t, h, fmt.Sprintf("m%d", n), seed, uint64(n))
		users[n].strict = true
		work(users[n].act)
	}
	var sweeping sync.WaitGroup
	sweeping.Go(func() { h.sweeper(ctx, 500*time.Millisecond) })

	var samples []levels
	every := max(200*time.Millisecond, soakSeconds()/150)
	for ctx.Err() == nil && !t.Failed() {
		select {
		case <-ctx.Done():
		case <-time.After(every):
			pause.Lock()
			h.idle(t)
			samples = append(samples, take(t))
			pause.Unlock()
		}
	}
	working.Wait()
	sweeping.Wait()
	if t.Failed() {
		return
	}
	total, actions := map[string]int{}, 0
	for _, u := range users {
		for what, n := range u.count {
			total[what] += n
			actions += n
		}
	}
	t.Logf("%d actions: %v", actions, total)
	require.Greater(t, total["stores"], len(users))
	flat(t, samples)
	h.recovered(t, h.parts, users)
}

// take collects all garbage first, twice: what a sync.Pool holds survives once.
func take(t testing.TB) levels {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	open, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return levels{int(m.HeapAlloc), runtime.NumGoroutine(), len(open)}
}

// flat compares the medians of the first and the last third, the warm-up of a
// fifth left out.
func flat(t testing.TB, samples []levels) {
	t.Helper()
	samples = samples[len(samples)/5:]
	third := len(samples) / 3
	require.Positive(t, third, "too few samples: %d", len(samples))
	for _, what := range []struct {
		name  string
		of    func(levels) int
		slack int // the share that may be chance, beside a twentieth
	}{
		{"heap bytes", func(l levels) int { return l.heap }, 1 << 20},
		{"goroutines", func(l levels) int { return l.goroutines }, 8},
		{"descriptors", func(l levels) int { return l.descriptors }, 8},
	} {
		first, last := median(samples[:third], what.of), median(samples[len(samples)-third:], what.of)
		t.Logf("%s: %d, then %d", what.name, first, last)
		require.LessOrEqual(t, last, first+first/20+what.slack, "%s grow", what.name)
	}
}

func median(samples []levels, of func(levels) int) int {
	values := make([]int, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
