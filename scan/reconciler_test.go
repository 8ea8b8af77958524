package scan_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

func TestReconcilerBringsBackWhatACrashLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := scantest.NewLedger()
		lost := ledger.Add("acme", scantest.NewObject([]byte("never enqueued")))
		killed := ledger.Add("acme", scantest.NewObject([]byte("its worker was killed")))
		const lease = 11 * time.Minute
		_, err := ledger.Claim(t.Context(), killed, lease)
		require.NoError(t, err)

		const interval = 30 * time.Second
		pool := scan.NewPool(scan.NewWorker(scantest.NewFake(scantest.Step{Wait: time.Second}), ledger, nil), nil)
		reconciler := scan.NewReconciler(ledger, pool, &scan.ReconcilerOptions{Interval: interval})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		go func() { ended <- pool.Run(ctx) }()
		go func() { ended <- reconciler.Run(ctx) }()

		time.Sleep(interval)
		require.Equal(t, scan.StatusClean, ledger.Outcome(lost).Status)
		require.Equal(t, scan.StatusPending, ledger.Outcome(killed).Status, "its claim is still alive")
		time.Sleep(lease)
		require.Equal(t, scan.StatusClean, ledger.Outcome(killed).Status, "lease, one interval, one scan")

		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, <-ended)
	})
}

func TestEverythingIsScannedOnceTheScannerIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := scantest.NewLedger()
		up := time.Now().Add(36 * time.Hour)
		fake := scantest.NewFake()
		flaky := scan.ScannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
			if time.Now().Before(up) {
				return scan.Result{}, failure(true, scan.ErrUnavailable)
			}
			return fake.Scan(ctx, obj)
		})
		var backlog atomic.Pointer[scan.Backlog]
		pool := scan.NewPool(scan.NewWorker(flaky, ledger, nil), nil)
		reconciler := scan.NewReconciler(ledger, pool, &scan.ReconcilerOptions{
			OnBacklog: func(_ context.Context, b scan.Backlog) { backlog.Store(&b) },
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = pool.Run(ctx) }()
		go func() { _ = reconciler.Run(ctx) }()
		for range 20 {
			ledger.Add("acme", scantest.NewObject([]byte("bytes")))
			time.Sleep(time.Hour)
		}
		synctest.Wait()
		require.EqualValues(t, 20, backlog.Load().Pending)
		require.InDelta(t, 20*time.Hour, backlog.Load().Age(), float64(time.Minute))

		time.Sleep(time.Until(up) + 3*time.Minute)
		synctest.Wait()
		require.Zero(t, backlog.Load().Pending)
		require.Len(t, fake.Scans(), 20)
	})
}

func TestReconcilerReportsAndMeasures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		reader := sdkmetric.NewManualReader()
		ledger := scantest.NewLedger()
		ledger.Add("acme", scantest.NewObject([]byte("1")))
		ledger.Add("globex", scantest.NewObject([]byte("2")))
		time.Sleep(time.Hour)

		refuse := errors.New("the queue is down")
		var queued []string
		queue := scan.QueueFunc(func(_ context.Context, job scan.Job) error {
			if job.TenantID == "acme" {
				return refuse
			}
			queued = append(queued, job.TenantID)
			return nil
		})
		reconciler := scan.NewReconciler(ledger, queue, &scan.ReconcilerOptions{
			Logger:        slog.New(slog.NewTextHandler(&logged, nil)),
			MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		})
		report, err := reconciler.Once(t.Context())
		require.ErrorIs(t, err, refuse)
		require.Equal(t, 1, report.Enqueued)
		require.EqualValues(t, 2, report.Backlog.Pending)
		require.Equal(t, []string{"globex"}, queued)
		require.Contains(t, logged.String(), "attachments wait for their scan")

		var metrics metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(t.Context(), &metrics))
		pending := metrics.ScopeMetrics[0].Metrics[0].Data.(metricdata.Gauge[int64]).DataPoints[0].Value
		oldest := metrics.ScopeMetrics[0].Metrics[1].Data.(metricdata.Gauge[float64]).DataPoints[0].Value
		require.EqualValues(t, 2, pending)
		require.EqualValues(t, 3600, oldest)
	})
}

func TestReconcilerSurvivesALedgerThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := &flakyLedger{Ledger: scantest.NewLedger(), failures: 3}
		ledger.Add("acme", scantest.NewObject(nil))
		var queued int
		queue := scan.QueueFunc(func(context.Context, scan.Job) error { queued++; return nil })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		require.NoError(t, scan.NewReconciler(ledger, queue, &scan.ReconcilerOptions{Interval: 15 * time.Second}).Run(ctx))
		require.Equal(t, 1, queued, "the fourth look worked")
	})
}

type flakyLedger struct {
	*scantest.Ledger
	failures int
}

func (l *flakyLedger) Due(ctx context.Context, limit int) ([]scan.Job, error) {
	if l.failures--; l.failures >= 0 {
		return nil, errors.New("the database is away")
	}
	return l.Ledger.Due(ctx, limit)
}

// TestHungLedger: a ledger that never answers holds up neither the workers nor
// the reconciler for good.
func TestHungLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := &hungLedger{Ledger: scantest.NewLedger()}
		job := ledger.Add("acme", scantest.NewObject([]byte("bytes")))
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		defer running.Wait()
		defer stop()
		pool := scan.NewPool(scan.NewWorker(scantest.NewFake(), ledger, nil), &scan.PoolOptions{Workers: 1})
		running.Go(func() { _ = pool.Run(ctx) })
		require.NoError(t, pool.Enqueue(ctx, job))
		running.Go(func() { _ = scan.NewReconciler(ledger, pool, nil).Run(ctx) })
		time.Sleep(5 * time.Minute)
		require.Equal(t, scan.StatusClean, ledger.Outcome(job).Status)
	})
}

// hungLedger does not answer the first call of each kind.
type hungLedger struct {
	*scantest.Ledger
	claimed, looked atomic.Bool
}

func (l *hungLedger) Claim(ctx context.Context, job scan.Job, lease time.Duration) (scan.Claim, error) {
	if !l.claimed.Swap(true) {
		<-ctx.Done()
		return scan.Claim{}, ctx.Err()
	}
	return l.Ledger.Claim(ctx, job, lease)
}

func (l *hungLedger) Due(ctx context.Context, limit int) ([]scan.Job, error) {
	if !l.looked.Swap(true) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return l.Ledger.Due(ctx, limit)
}
