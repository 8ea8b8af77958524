package scan_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// bench is a pool over a ledger in memory, whose scanner notes whose content
// it scanned, in order.
type bench struct {
	ledger *scantest.Ledger
	pool   *scan.Pool

	mu    sync.Mutex
	order []string
}

func newBench(opts *scan.PoolOptions, took time.Duration) *bench {
	b := &bench{ledger: scantest.NewLedger()}
	fake := scantest.NewFake(scantest.Step{Wait: took})
	worker := scan.NewWorker(scan.ScannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
		b.mu.Lock()
		b.order = append(b.order, obj.TenantID+"/"+obj.Filename)
		b.mu.Unlock()
		return fake.Scan(ctx, obj)
	}), b.ledger, nil)
	b.pool = scan.NewPool(worker, opts)
	return b
}

func (b *bench) add(t *testing.T, tenant string, priority, n int) (jobs []scan.Job) {
	t.Helper()
	for i := range n {
		obj := scantest.NewObject([]byte("x"))
		obj.Filename, obj.TenantID = fmt.Sprintf("%d-%d", priority, i), tenant
		job := scan.Job{TenantID: tenant, ContentID: tenant + obj.Filename, Priority: priority}
		jobs = append(jobs, b.ledger.AddJob(job, obj))
		require.NoError(t, b.pool.Enqueue(t.Context(), jobs[i]))
	}
	return jobs
}

// run starts the pool and returns what ends it.
func (b *bench) run(t *testing.T) (stop func()) {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- b.pool.Run(context.WithoutCancel(t.Context())) }()
	return func() {
		require.NoError(t, b.pool.Shutdown(t.Context()))
		require.NoError(t, <-result)
	}
}

func (b *bench) scanned() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.order...)
}

func TestOneTenantsCrowdDoesNotStarveAnothersSingle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(&scan.PoolOptions{Workers: 4, Capacity: 5000}, time.Minute)
		b.add(t, "crowd", 0, 10_000) // twice what the pool holds
		defer b.run(t)()
		synctest.Wait()
		require.Equal(t, scan.PoolStats{Waiting: 4997, Running: 3, Dropped: 5000}, b.pool.Stats())

		single := b.add(t, "single", 0, 1)[0]
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, scan.StatusClean, b.ledger.Outcome(single).Status, "it found a free hand at once")

		late := b.add(t, "late", 0, 3)
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		for _, job := range late {
			require.Equal(t, scan.StatusClean, b.ledger.Outcome(job).Status)
		}
	})
}

func TestUrgentGoesFirstAndTenantsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(&scan.PoolOptions{Workers: 1}, time.Second)
		b.add(t, "a", 0, 4)
		b.add(t, "b", 0, 1)
		b.add(t, "a", 5, 6)
		b.add(t, "b", 5, 1)
		defer b.run(t)()
		time.Sleep(12 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{
			"a/5-0", "b/5-0", "a/5-1", "a/5-2", "a/5-3", "a/5-4", "a/5-5",
			"a/0-0", "b/0-0", "a/0-1", "a/0-2", "a/0-3",
		}, b.scanned())
	})
}

func TestAStreamOfUrgentJobsStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(&scan.PoolOptions{Workers: 1}, time.Second)
		b.add(t, "loud", 9, 1000)
		quiet := append(b.add(t, "quiet", 0, 1), b.add(t, "middle", 5, 1)...)
		defer b.run(t)()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		for _, job := range quiet {
			require.Equal(t, scan.StatusClean, b.ledger.Outcome(job).Status)
		}
	})
}

func TestAFullPoolTurnsTheLargestTenantAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(&scan.PoolOptions{Workers: 1, Capacity: 4}, time.Second)
		b.add(t, "crowd", 0, 4)
		b.add(t, "single", 0, 1)
		b.add(t, "crowd", 7, 1) // urgent: pushes out one of its own tenant's
		require.Equal(t, scan.PoolStats{Waiting: 4, Dropped: 2}, b.pool.Stats())
		defer b.run(t)()
		time.Sleep(10 * time.Second)
		require.Equal(t, []string{"crowd/7-0", "crowd/0-0", "single/0-0", "crowd/0-1"}, b.scanned())
	})
}

func TestThePoolDropsDuplicates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(nil, time.Minute)
		job := b.add(t, "acme", 0, 1)[0]
		require.NoError(t, b.pool.Enqueue(t.Context(), job))
		require.Equal(t, 1, b.pool.Stats().Waiting)
		defer b.run(t)()
		synctest.Wait()
		require.NoError(t, b.pool.Enqueue(t.Context(), job)) // running now
		require.Equal(t, scan.PoolStats{Running: 1}, b.pool.Stats())
		time.Sleep(time.Hour)
		require.Len(t, b.scanned(), 1)
	})
}

func TestShutdownLetsScansFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(&scan.PoolOptions{Workers: 2, PerTenant: 2}, time.Minute)
		jobs := b.add(t, "acme", 0, 5)
		stop := b.run(t)
		synctest.Wait()
		stop()
		require.Len(t, b.scanned(), 2)
		require.Equal(t, scan.StatusClean, b.ledger.Outcome(jobs[1]).Status)
		require.Equal(t, scan.StatusPending, b.ledger.Outcome(jobs[2]).Status)

		require.NoError(t, b.pool.Enqueue(t.Context(), jobs[2]))
		require.EqualValues(t, 1, b.pool.Stats().Dropped)
		require.Error(t, b.pool.Run(t.Context()), "a pool runs once")
	})
}

func TestShutdownRunsOutOfPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(nil, time.Hour)
		job := b.add(t, "acme", 0, 1)[0]
		result := make(chan error, 1)
		go func() { result <- b.pool.Run(t.Context()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		// The default scan timeout is shorter than this scan, but longer than ctx.
		require.ErrorIs(t, b.pool.Shutdown(ctx), context.DeadlineExceeded)
		require.NoError(t, <-result)
		require.True(t, b.ledger.Outcome(job).Uncounted, "the claim was given back")
	})
}

func TestThePoolEndsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	b := newBench(nil, time.Hour)
	b.add(t, "acme", 0, 10)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- b.pool.Run(ctx) }()
	require.Eventually(t, func() bool { return b.pool.Stats().Running == 3 }, 10*time.Second, time.Millisecond)
	cancel()
	require.NoError(t, <-result)
	require.NoError(t, scan.NewPool(nil, nil).Shutdown(t.Context()), "one that never ran")
}
