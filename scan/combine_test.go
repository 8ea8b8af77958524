package scan_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// behaviours are all the ways in which one scanner of several may end.
func behaviours() map[string]scantest.Step {
	return map[string]scantest.Step{
		"clean":       {},
		"suspicious":  {Result: scan.Result{Verdict: scan.Suspicious}},
		"infected":    {Result: scan.Result{Verdict: scan.Infected}},
		"unscannable": {Result: scan.Result{Verdict: scan.Unscannable}},
		"unknown":     {Silent: true},
		"down":        {Err: failure(true, scan.ErrUnavailable)},
		"garbled":     {Err: failure(true, scan.ErrProtocol)},
		"wrong key":   {Err: failure(false, scan.ErrConfig)},
		"panic":       {Panic: "boom"},
		"liar":        {Unread: true, Claimed: 5}, // clean without a look
	}
}

func TestCombinatorsNeverInventClean(t *testing.T) {
	steps := behaviours()
	names := []string{"clean", "suspicious", "infected", "unscannable", "unknown", "down", "garbled", "wrong key", "panic", "liar"}
	ranks := map[string]int{"infected": 4, "suspicious": 3, "unscannable": 2, "unknown": 0, "clean": 0}
	rapid.Check(t, func(t *rapid.T) {
		drawn := rapid.SliceOfN(rapid.SampledFrom(names), 1, 5).Draw(t, "scanners")
		scanners := make([]scan.Scanner, len(drawn))
		for i, name := range drawn {
			scanners[i] = scantest.NewFake(steps[name])
		}
		obj := scantest.NewObject([]byte("bytes"))

		// What the contract says, computed the slow way.
		worst, failed, decisive, cleared := "", 0, "", 0
		for _, name := range drawn {
			rank, answered := ranks[name]
			switch {
			case !answered:
				failed++
			case rank > ranks[worst]:
				worst = name
			}
			if name == "clean" {
				cleared++
			}
			if decisive == "" && answered && name != "unknown" {
				decisive = name
			}
		}

		res, err := scan.All(scanners...).Scan(context.Background(), obj)
		switch {
		case worst != "":
			require.NoError(t, err)
			require.Equal(t, worst, res.Verdict.String())
		case failed > 0:
			require.Error(t, err)
			require.Zero(t, res)
		default:
			require.NoError(t, err)
			require.Equal(t, cleared == len(drawn), res.Verdict == scan.Clean)
		}

		res, err = scan.Chain(scanners...).Scan(context.Background(), obj)
		switch {
		case decisive != "":
			require.NoError(t, err)
			require.Equal(t, decisive, res.Verdict.String())
		case failed > 0:
			require.Error(t, err)
		default:
			require.NoError(t, err)
			require.Equal(t, scan.Unknown, res.Verdict)
		}
	})
}

func TestNoScannersIsAMistake(t *testing.T) {
	for _, s := range []scan.Scanner{scan.Chain(), scan.All()} {
		_, err := s.Scan(t.Context(), scantest.NewObject(nil))
		require.ErrorIs(t, err, scan.ErrConfig)
		require.False(t, scan.Retryable(err))
	}
}

func TestAllSpeaksForEveryone(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	early := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := scantest.NewFake(scantest.Step{Result: scan.Result{Engine: "a", Signatures: "1", ScannedAt: early.Add(time.Hour)}})
	b := scantest.NewFake(scantest.Step{Unread: true, Claimed: 5, Result: scan.Result{ByHash: true, Engine: "b", Signatures: "2", ScannedAt: early}})
	res, err := scan.All(a, b).Scan(t.Context(), scantest.NewObject([]byte("bytes")))
	require.NoError(t, err)
	require.Equal(t, scan.Result{Verdict: scan.Clean, Engine: "a + b", Signatures: "1 + 2", Bytes: 5, ScannedAt: early}, res)
}

func TestWhetherToRetrySeveral(t *testing.T) {
	steps := behaviours()
	down, wrongKey := steps["down"], steps["wrong key"]
	obj := scantest.NewObject([]byte("bytes"))
	for _, order := range [][]scan.Scanner{
		{scantest.NewFake(down), scantest.NewFake(wrongKey)},
		{scantest.NewFake(wrongKey), scantest.NewFake(down)},
	} {
		_, err := scan.Chain(order...).Scan(t.Context(), obj)
		require.True(t, scan.Retryable(err), "one of them may come back and suffice")
		_, err = scan.All(order...).Scan(t.Context(), obj)
		require.False(t, scan.Retryable(err), "one of them will never agree")
		require.ErrorIs(t, err, scan.ErrUnavailable)
		require.ErrorIs(t, err, scan.ErrConfig)
	}
}

func TestTimeoutEndsAScan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := scan.Timeout(scantest.NewFake(scantest.Step{Wait: time.Hour}), time.Second)
		begun := time.Now()
		_, err := slow.Scan(t.Context(), scantest.NewObject(nil))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.True(t, scan.Retryable(err))
		require.Equal(t, time.Second, time.Since(begun))
	})
}

func TestLimitBoundsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := scan.Limit(scantest.NewFake(scantest.Step{Wait: time.Minute}), 2)
		results := make(chan error, 4)
		for range 4 {
			go func() {
				_, err := limited.Scan(t.Context(), scantest.NewObject(nil))
				results <- err
			}()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, results, 2)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := limited.Scan(ctx, scantest.NewObject(nil))
		require.ErrorIs(t, err, scan.ErrUnavailable)

		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, results, 4)
	})
}

func TestAsFindsWhatIsWrapped(t *testing.T) {
	engine := &versioned{}
	wrapped := scan.Cached(scan.Timeout(scan.Limit(engine, 1), time.Minute), scan.NewLRU(1), nil)
	found, ok := scan.As[scan.Versioned](wrapped)
	require.True(t, ok)
	require.Same(t, engine, found)
	_, ok = scan.As[scan.Versioned](scan.All(engine))
	require.False(t, ok, "All stands for several")
	_, ok = scan.As[scan.Versioned](nil)
	require.False(t, ok)
}

// versioned is a scanner with signatures.
type versioned struct {
	scantest.Fake
	version scan.Version
	err     error
}

func (v *versioned) Version(context.Context) (scan.Version, error) { return v.version, v.err }

func (v *versioned) Scan(ctx context.Context, obj scan.Object) (scan.Result, error) {
	res, err := v.Fake.Scan(ctx, obj)
	res.Engine, res.Signatures = v.version.Engine, v.version.Signatures
	return res, err
}

func TestCachedFollowsHashAndSignatures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := &versioned{version: scan.Version{Engine: "v", Signatures: "1"}}
		cached := scan.Cached(engine, scan.NewLRU(10), &scan.CachedOptions{MaxAge: time.Hour})
		ask := func(obj scan.Object, wantScans int) scan.Result {
			t.Helper()
			res, err := scan.Guard(cached).Scan(t.Context(), obj)
			require.NoError(t, err)
			require.Equal(t, scan.Clean, res.Verdict)
			require.Len(t, engine.Scans(), wantScans)
			return res
		}
		obj, other, foreign := scantest.NewObject([]byte("1")), scantest.NewObject([]byte("2")), scantest.NewObject([]byte("1"))
		foreign.TenantID = "globex"

		first := ask(obj, 1)
		time.Sleep(time.Minute)
		again := ask(obj, 1)
		require.True(t, again.ByHash)
		require.Equal(t, first.ScannedAt, again.ScannedAt)
		ask(other, 2)
		ask(foreign, 3) // another tenant's scan answers nothing

		engine.version.Signatures = "2"
		ask(obj, 4)
		ask(obj, 4)
		time.Sleep(time.Hour)
		ask(obj, 5)

		engine.err = errors.New("down")
		ask(obj, 6) // nothing remembered is used while the version is unknown

		unhashed := obj
		unhashed.SHA256 = ""
		ask(unhashed, 7)
		ask(unhashed, 8)
	})
}

func TestCachedRemembersWhatIsKnownOnly(t *testing.T) {
	for name, step := range behaviours() {
		fake := scantest.NewFake(step)
		cached := scan.Cached(fake, scan.NewLRU(10), &scan.CachedOptions{AcrossTenants: true})
		obj := scantest.NewObject([]byte("bytes"))
		first, firstErr := cached.Scan(t.Context(), obj)
		obj.TenantID = "globex"
		second, secondErr := cached.Scan(t.Context(), obj)
		require.Equal(t, first.Verdict, second.Verdict, name)
		require.Equal(t, firstErr == nil, secondErr == nil, name)
		wantScans := 2
		switch name {
		case "clean", "suspicious", "infected":
			wantScans = 1
		}
		require.Len(t, fake.Scans(), wantScans, name)
	}
}

func TestACachePoisonedWithAnotherSizeIsNotBelieved(t *testing.T) {
	cache := scan.NewLRU(10)
	fake := scantest.NewFake()
	obj := scantest.NewObject([]byte("bytes"))
	_, err := scan.Cached(fake, cache, nil).Scan(t.Context(), obj)
	require.NoError(t, err)
	obj.Size = 4 // the same hash cannot have two sizes
	_, err = scan.Cached(fake, cache, nil).Scan(t.Context(), obj)
	require.Error(t, err)
	require.Len(t, fake.Scans(), 2)
}

func TestLRUForgetsTheLeastRecent(t *testing.T) {
	cache := scan.NewLRU(2)
	for _, key := range []string{"a", "b", "a", "c"} {
		require.NoError(t, cache.Put(t.Context(), key, scan.Result{Threat: key}))
	}
	for key, want := range map[string]bool{"a": true, "b": false, "c": true} {
		res, ok, err := cache.Get(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, want, ok, key)
		if ok {
			require.Equal(t, key, res.Threat)
		}
	}
}
