package virustotal

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

func TestQuotaWaitsForItsMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuota(4, 500)
		begun := time.Now()
		for i := range 9 {
			require.NoError(t, q.wait(t.Context(), "lookup", time.Minute))
			require.Equal(t, time.Duration(i/4)*time.Minute, time.Since(begun))
		}
		var e *scan.Error
		err := q.wait(t.Context(), "lookup", 30*time.Second)
		require.NoError(t, err, "one of the four of this minute")
		for range 2 {
			require.NoError(t, q.wait(t.Context(), "lookup", 0))
		}
		err = q.wait(t.Context(), "lookup", 30*time.Second)
		require.ErrorAs(t, err, &e)
		require.ErrorIs(t, err, scan.ErrRateLimited)
		require.Equal(t, time.Minute, e.RetryAfter)

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		before := time.Now()
		require.ErrorIs(t, q.wait(ctx, "lookup", time.Hour), scan.ErrRateLimited)
		require.Equal(t, before, time.Now(), "no use in waiting for a turn after the deadline")
	})
}

func TestQuotaEndsWithTheDayOfUTC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Now().UTC().Truncate(24 * time.Hour).Add(42 * time.Hour))) // 18:00
		q := newQuota(-1, 3)
		for range 3 {
			require.NoError(t, q.wait(t.Context(), "lookup", 0))
		}
		var e *scan.Error
		require.ErrorAs(t, q.wait(t.Context(), "lookup", time.Minute), &e)
		require.Equal(t, 6*time.Hour, e.RetryAfter)
		time.Sleep(e.RetryAfter)
		require.NoError(t, q.wait(t.Context(), "lookup", 0))
	})
}

func TestQuotaKeepsAwayWhenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQuota(4, 500)
		q.close(10 * time.Minute)
		q.close(time.Minute) // a shorter one does not shorten it
		require.ErrorIs(t, q.wait(t.Context(), "lookup", time.Minute), scan.ErrRateLimited)
		time.Sleep(10 * time.Minute)
		require.NoError(t, q.wait(t.Context(), "lookup", 0))
	})
}

func TestQuotaHasNoBoundBelowZero(t *testing.T) {
	q := newQuota(-1, -1)
	for range 10_000 {
		require.NoError(t, q.wait(t.Context(), "lookup", 0))
	}
	require.Empty(t, q.granted)
}

// In no minute more than perMinute, in no day more than perDay, whatever the
// order of calls.
func TestQuotaNeverGrantsTooMuch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perMinute, perDay := rapid.IntRange(1, 6).Draw(t, "per minute"), rapid.IntRange(1, 40).Draw(t, "per day")
		q := newQuota(perMinute, perDay)
		now := time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC)
		var grants []time.Time
		for range rapid.IntRange(1, 200).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "pause")) * time.Second)
			if at, ok := q.grant(now, time.Duration(rapid.IntRange(0, 120).Draw(t, "patience"))*time.Second); ok {
				grants = append(grants, at)
			}
		}
		days := map[string]int{}
		for i, at := range grants {
			days[at.Format(time.DateOnly)]++
			require.LessOrEqual(t, days[at.Format(time.DateOnly)], perDay)
			if i >= perMinute {
				require.GreaterOrEqual(t, at.Sub(grants[i-perMinute]), time.Minute)
			}
		}
	})
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := func(value string) time.Duration { return retryAfter(http.Header{"Retry-After": {value}}) }
		require.Equal(t, 90*time.Second, in("90"))
		require.Equal(t, time.Hour, in(time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)))
		require.Equal(t, time.Minute, in(""))
		require.Equal(t, time.Minute, in("soon"))
		require.Equal(t, time.Second, in("-5"))
		require.Equal(t, 24*time.Hour, in("99999999999"))
	})
}
