package ratelimit_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
)

func take(t *testing.T, l ratelimit.Limiter, key string, limit ratelimit.Limit) ratelimit.Quota {
	t.Helper()
	quota, err := l.Take(t.Context(), key, limit)
	require.NoError(t, err)
	return quota
}

func TestMemoryLetsExactlyTheLimitThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, limit := ratelimit.NewMemory(nil), ratelimit.PerMinute(50)
		for i := range 50 {
			quota := take(t, m, "user", limit)
			require.True(t, quota.Allowed)
			require.Equal(t, 49-i, quota.Remaining)
			time.Sleep(100 * time.Millisecond)
		}
		refused := take(t, m, "user", limit)
		require.False(t, refused.Allowed)
		require.Zero(t, refused.Remaining)
		require.True(t, take(t, m, "another", limit).Allowed)

		// Reset is honest: until then refused, from then on allowed. The first
		// second saw ten requests, so ten more have room.
		time.Sleep(refused.Reset - time.Nanosecond)
		require.False(t, take(t, m, "user", limit).Allowed)
		time.Sleep(time.Nanosecond)
		for range 10 {
			require.True(t, take(t, m, "user", limit).Allowed)
		}
		require.False(t, take(t, m, "user", limit).Allowed)
	})
}

// The model keeps every time stamp. Memory may forget up to a sixtieth of the
// window later than the model, and never earlier.
func TestMemoryAgreesWithAnExactLog(t *testing.T) {
	for seed := range uint64(8) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			limit := ratelimit.Limit{Requests: 1 + random.IntN(200), Window: time.Duration(1+random.IntN(90)) * time.Second}
			m := ratelimit.NewMemory(nil)
			var passed []time.Time
			since := func(window time.Duration) int {
				first, _ := slices.BinarySearchFunc(passed, window, func(at time.Time, window time.Duration) int {
					return cmp.Compare(window-1, time.Since(at))
				})
				return len(passed) - first
			}
			for range 2000 {
				if random.IntN(3) > 0 {
					time.Sleep(time.Duration(random.Int64N(int64(3*limit.Window) / int64(limit.Requests))))
				}
				exact, late := since(limit.Window), since(limit.Window+limit.Window/ratelimit.Slots)
				quota := take(t, m, "k", limit)
				if quota.Allowed {
					require.Less(t, exact, limit.Requests, "one too many")
					passed = append(passed, time.Now())
				} else {
					require.GreaterOrEqual(t, late, limit.Requests, "refused without need")
				}
				require.Positive(t, quota.Reset)
				require.LessOrEqual(t, quota.Reset, limit.Window+limit.Window/ratelimit.Slots)
			}
		})
	}
}

func TestMemoryUnderConcurrency(t *testing.T) {
	m := ratelimit.NewMemory(nil)
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if quota, err := m.Take(t.Context(), "k", ratelimit.PerMinute(50)); err == nil && quota.Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 50, allowed.Load())
}

func TestMemoryForgetsIdleKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := ratelimit.NewMemory(nil)
		for i := range 1000 {
			take(t, m, fmt.Sprint("early ", i), ratelimit.PerMinute(5))
		}
		time.Sleep(2 * time.Minute)
		for i := range 500 {
			take(t, m, fmt.Sprint("late ", i), ratelimit.PerMinute(5))
		}
		require.Equal(t, 500, m.Len(), "two idle ones go for each that comes")
	})
}

func TestMemoryIsBounded(t *testing.T) {
	m := ratelimit.NewMemory(&ratelimit.MemoryOptions{MaxKeys: 100})
	take(t, m, "regular", ratelimit.PerMinute(5))
	for i := range 5000 {
		take(t, m, fmt.Sprint("stranger ", i), ratelimit.PerMinute(5))
		if i < 4 {
			take(t, m, "regular", ratelimit.PerMinute(5))
		}
		if i%50 == 0 {
			require.False(t, i > 4 && take(t, m, "regular", ratelimit.PerMinute(5)).Allowed, "who keeps coming is not forgotten")
		}
		require.LessOrEqual(t, m.Len(), 100)
	}
}

func TestWindowsOfOneKeyAreSeparate(t *testing.T) {
	m := ratelimit.NewMemory(nil)
	require.Equal(t, 0, take(t, m, "k", ratelimit.Limit{Requests: 1, Window: time.Second}).Remaining)
	require.True(t, take(t, m, "k", ratelimit.Limit{Requests: 1, Window: time.Hour}).Allowed)
}

func TestLimitsAreChecked(t *testing.T) {
	for _, limit := range []ratelimit.Limit{{}, {1, 0}, {0, time.Minute}, {-1, time.Minute}, {1, time.Millisecond}, {1, 25 * time.Hour}, {2e9, time.Minute}} {
		_, err := ratelimit.NewMemory(nil).Take(t.Context(), "k", limit)
		require.ErrorIs(t, err, ratelimit.ErrLimit)
		_, err = ratelimit.NewResilient(ratelimit.NewMemory(nil), nil).Take(t.Context(), "k", limit)
		require.ErrorIs(t, err, ratelimit.ErrLimit)
	}
}

func BenchmarkMemory(b *testing.B) {
	m := ratelimit.NewMemory(nil)
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprint("user", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, _ = m.Take(b.Context(), keys[i%len(keys)], ratelimit.PerMinute(50))
	}
}
