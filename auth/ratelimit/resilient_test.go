package ratelimit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth/ratelimit"
)

// shaky is a shared limiter that can be down, or hang.
type shaky struct {
	*ratelimit.Memory
	mu    sync.Mutex
	err   error
	hang  time.Duration
	calls int
}

func (s *shaky) Take(ctx context.Context, key string, limit ratelimit.Limit) (ratelimit.Quota, error) {
	s.mu.Lock()
	s.calls++
	err, hang := s.err, s.hang
	s.mu.Unlock()
	select {
	case <-time.After(hang):
	case <-ctx.Done():
		return ratelimit.Quota{}, ctx.Err()
	}
	if err != nil {
		return ratelimit.Quota{}, err
	}
	return s.Memory.Take(ctx, key, limit)
}

func (s *shaky) set(err error, hang time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.hang, s.calls = err, hang, 0
}

var errDown = errors.New("connection refused")

func TestResilientDoesAsTheOptionSaysAndRecovers(t *testing.T) {
	limit := ratelimit.PerMinute(10)
	for choice, expect := range map[ratelimit.OnFailure]struct {
		allowed int
		err     error
	}{
		ratelimit.UseMemory: {10, nil}, ratelimit.FailOpen: {30, nil}, ratelimit.FailClosed: {0, ratelimit.ErrUnavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			shared := &shaky{Memory: ratelimit.NewMemory(nil)}
			r := ratelimit.NewResilient(shared, &ratelimit.ResilientOptions{OnFailure: choice, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			for range 10 {
				require.True(t, take(t, r, "k", limit).Allowed)
			}
			require.False(t, take(t, r, "k", limit).Allowed)
			require.Equal(t, ratelimit.Status{}, r.Status())

			shared.set(errDown, 0)
			allowed := 0
			for range 30 {
				quota, err := r.Take(t.Context(), "k", limit)
				require.ErrorIs(t, err, expect.err)
				if quota.Allowed {
					allowed++
				}
			}
			require.Equal(t, expect.allowed, allowed)
			require.Equal(t, 1, shared.calls, "one call finds out, the others do not wait")
			require.True(t, r.Status().Degraded)
			require.ErrorIs(t, r.Status().LastError, errDown)
			time.Sleep(time.Second)
			_, _ = r.Take(t.Context(), "k", limit)
			require.Equal(t, 2, shared.calls, "one tries again")
			require.EqualValues(t, 2, r.Status().Failures)

			shared.set(nil, 0)
			time.Sleep(time.Second)
			require.False(t, take(t, r, "k", limit).Allowed, "the shared count still stands")
			require.False(t, r.Status().Degraded)
			require.Contains(t, log.String(), "out of reach")
			require.Contains(t, log.String(), "is back")
		})
	}
}

func TestResilientWaitsNoLongerThanItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &shaky{Memory: ratelimit.NewMemory(nil)}
		shared.set(nil, time.Hour)
		r := ratelimit.NewResilient(shared, nil)
		began := time.Now()
		for range 20 {
			require.True(t, take(t, r, "k", ratelimit.PerMinute(50)).Allowed)
		}
		require.Equal(t, 250*time.Millisecond, time.Since(began))
		require.ErrorIs(t, r.Status().LastError, context.DeadlineExceeded)
	})
}

func TestResilientOnlyOneTriesWhileDegraded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &shaky{Memory: ratelimit.NewMemory(nil)}
		shared.set(errDown, 0)
		r := ratelimit.NewResilient(shared, nil)
		take(t, r, "k", ratelimit.PerMinute(50))
		shared.set(nil, 200*time.Millisecond)
		time.Sleep(time.Second)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { _, _ = r.Take(t.Context(), "k", ratelimit.PerMinute(50)) })
		}
		wg.Wait()
		require.Equal(t, 1, shared.calls)
		require.False(t, r.Status().Degraded)
	})
}

func TestResilientDoesNotBlameTheLimiterForACallerWhoLeft(t *testing.T) {
	shared := &shaky{Memory: ratelimit.NewMemory(nil)}
	shared.set(nil, time.Hour)
	r := ratelimit.NewResilient(shared, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Take(ctx, "k", ratelimit.PerMinute(50))
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, r.Status().Degraded)
}
