package scan_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

func failure(temporary bool, err error) error {
	return &scan.Error{Scanner: "fake", Op: "scan", Err: err, Temporary: temporary}
}

func TestWorkerSettlesEveryEnding(t *testing.T) {
	broken := errors.New("broken")
	verdict := func(v scan.Verdict) scantest.Step { return scantest.Step{Result: scan.Result{Verdict: v}} }
	for name, c := range map[string]struct {
		step      scantest.Step
		want      scan.Status
		uncounted bool
	}{
		"clean":        {step: verdict(scan.Clean), want: scan.StatusClean},
		"suspicious":   {step: verdict(scan.Suspicious), want: scan.StatusSuspicious},
		"infected":     {step: verdict(scan.Infected), want: scan.StatusInfected},
		"unscannable":  {step: verdict(scan.Unscannable), want: scan.StatusError},
		"unknown":      {step: scantest.Step{Silent: true}, want: scan.StatusPending},
		"unproven":     {step: scantest.Step{Unread: true}, want: scan.StatusPending},
		"temporary":    {step: scantest.Step{Err: failure(true, broken)}, want: scan.StatusPending},
		"permanent":    {step: scantest.Step{Err: failure(false, broken)}, want: scan.StatusError},
		"unclassified": {step: scantest.Step{Err: broken}, want: scan.StatusPending},
		"panic":        {step: scantest.Step{Panic: broken}, want: scan.StatusPending},
		"down":         {step: scantest.Step{Err: failure(true, scan.ErrUnavailable)}, want: scan.StatusPending, uncounted: true},
		"out of quota": {step: scantest.Step{Err: failure(true, scan.ErrRateLimited)}, want: scan.StatusPending, uncounted: true},
		"too slow":     {step: scantest.Step{Err: failure(true, fmt.Errorf("%w: %w", scan.ErrUnavailable, context.DeadlineExceeded))}, want: scan.StatusPending},
		"hang":         {step: scantest.Step{Wait: 24 * time.Hour}, want: scan.StatusPending},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ledger := scantest.NewLedger()
				job := ledger.Add("acme", scantest.NewObject([]byte("bytes")))
				var told []scan.Status
				worker := scan.NewWorker(scantest.NewFake(c.step), ledger, &scan.WorkerOptions{
					OnVerdict: func(_ context.Context, j scan.Job, o scan.Outcome) {
						require.Equal(t, job.ContentID, j.ContentID)
						told = append(told, o.Status)
					},
				})
				err := worker.Work(t.Context(), job)

				got := ledger.Outcome(job)
				require.Equal(t, c.want, got.Status)
				require.Equal(t, c.uncounted, got.Uncounted)
				if c.want == scan.StatusPending {
					var again *scan.RetryError
					require.ErrorAs(t, err, &again)
					require.Equal(t, got.NextAt, again.At)
					require.NotErrorIs(t, err, scan.ErrGaveUp)
					require.True(t, got.NextAt.After(time.Now()))
					require.NotEmpty(t, got.Err)
					require.Empty(t, told)
					return
				}
				require.Equal(t, []scan.Status{c.want}, told)
				if c.step.Err != nil {
					require.ErrorIs(t, err, scan.ErrGaveUp)
					require.ErrorIs(t, err, broken)
				} else {
					require.NoError(t, err)
					require.False(t, got.Result.ScannedAt.IsZero())
				}
				require.Equal(t, c.want == scan.StatusError, got.Err != "")
			})
		})
	}
}

func TestWorkerBacksOffAndGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := scantest.NewLedger()
		job := ledger.Add("acme", scantest.NewObject([]byte("bytes")))
		fake := scantest.NewFake(scantest.Step{Err: failure(true, scan.ErrProtocol)})
		worker := scan.NewWorker(fake, ledger, &scan.WorkerOptions{MaxAttempts: 6, Backoff: time.Second, MaxBackoff: 10 * time.Second})
		for _, seconds := range []float64{1, 2, 4, 8, 10} {
			var again *scan.RetryError
			require.ErrorAs(t, worker.Work(t.Context(), job), &again)
			delay := time.Until(again.At)
			require.LessOrEqual(t, delay.Seconds(), seconds)
			require.GreaterOrEqual(t, delay.Seconds(), seconds/2)
			time.Sleep(delay)
		}
		err := worker.Work(t.Context(), job)
		require.ErrorIs(t, err, scan.ErrGaveUp)
		require.ErrorIs(t, err, scan.ErrProtocol)
		require.Equal(t, scan.StatusError, ledger.Outcome(job).Status)
		require.Len(t, fake.Scans(), 6)
	})
}

func TestAnOutageUsesUpNoAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := scantest.NewLedger()
		job := ledger.Add("acme", scantest.NewObject([]byte("bytes")))
		down := scantest.Step{Err: failure(true, scan.ErrUnavailable)}
		script := make([]scantest.Step, 50)
		for i := range script {
			script[i] = down
		}
		worker := scan.NewWorker(scantest.NewFake(append(script, scantest.Step{})...), ledger, &scan.WorkerOptions{MaxAttempts: 2})
		for range script {
			var again *scan.RetryError
			require.ErrorAs(t, worker.Work(t.Context(), job), &again)
			require.LessOrEqual(t, time.Until(again.At), 2*time.Minute, "recovery would be noticed late")
			time.Sleep(time.Until(again.At))
		}
		require.NoError(t, worker.Work(t.Context(), job))
		require.Equal(t, scan.StatusClean, ledger.Outcome(job).Status)
	})
}

func TestPatienceEndsAnOutagePerTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := scantest.NewLedger()
		hasty, patient := ledger.Add("hasty", scantest.NewObject([]byte("1"))), ledger.Add("patient", scantest.NewObject([]byte("2")))
		worker := scan.NewWorker(scantest.NewFake(scantest.Step{Err: failure(true, scan.ErrUnavailable)}), ledger, &scan.WorkerOptions{
			Policy: scan.Policy{ForTenant: func(tenantID string) *scan.Policy {
				if tenantID == "hasty" {
					return &scan.Policy{Patience: time.Hour}
				}
				return nil
			}},
		})
		time.Sleep(2 * time.Hour)
		require.ErrorIs(t, worker.Work(t.Context(), hasty), scan.ErrGaveUp)
		require.NotErrorIs(t, worker.Work(t.Context(), patient), scan.ErrGaveUp)
		require.Equal(t, scan.StatusError, ledger.Outcome(hasty).Status)
		require.Equal(t, scan.StatusPending, ledger.Outcome(patient).Status)
	})
}

func TestTheScannersOwnWishIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := scantest.NewLedger()
		job := ledger.Add("acme", scantest.NewObject([]byte("bytes")))
		err := &scan.Error{Scanner: "fake", Op: "lookup", Err: scan.ErrRateLimited, Temporary: true, RetryAfter: 5 * time.Hour}
		worker := scan.NewWorker(scantest.NewFake(scantest.Step{Err: err}), ledger, nil)
		var again *scan.RetryError
		require.ErrorAs(t, worker.Work(t.Context(), job), &again)
		require.Equal(t, 5*time.Hour, time.Until(again.At))
	})
}

func TestAScanThatKillsItsProcessIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := scantest.NewLedger()
		job := ledger.Add("acme", scantest.NewObject([]byte("bytes")))
		for range 3 { // what a crash leaves: a claim that nobody settles
			_, err := ledger.Claim(t.Context(), job, time.Minute)
			require.NoError(t, err)
			time.Sleep(time.Minute)
		}
		fake := scantest.NewFake()
		worker := scan.NewWorker(fake, ledger, &scan.WorkerOptions{MaxAttempts: 3})
		require.ErrorIs(t, worker.Work(t.Context(), job), scan.ErrGaveUp)
		require.Empty(t, fake.Scans())
		require.Contains(t, ledger.Outcome(job).Err, "3 scans began and none ended")
	})
}

func TestAStoppedWorkerGivesItsClaimBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := scantest.NewLedger()
		job := ledger.Add("acme", scantest.NewObject([]byte("bytes")))
		worker := scan.NewWorker(scantest.NewFake(scantest.Step{Wait: time.Hour}, scantest.Step{}), ledger, &scan.WorkerOptions{Timeout: 2 * time.Hour, MaxAttempts: 1})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		var again *scan.RetryError
		require.ErrorAs(t, worker.Work(ctx, job), &again)

		due, err := ledger.Due(t.Context(), 1)
		require.NoError(t, err)
		require.Len(t, due, 1, "due at once")
		require.Zero(t, due[0].Attempt, "and no attempt lost")
		require.NoError(t, worker.Work(t.Context(), due[0]))
	})
}

// TestALongScanKeepsItsClaim: leases are short, scans need not be.
func TestALongScanKeepsItsClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := scantest.NewLedger()
		job := ledger.Add("acme", scantest.NewObject([]byte("bytes")))
		slow := scan.NewWorker(scantest.NewFake(scantest.Step{Wait: 5 * time.Minute}), ledger, &scan.WorkerOptions{Lease: 15 * time.Second})
		result := make(chan error)
		go func() { result <- slow.Work(t.Context(), job) }()
		for range 4 {
			time.Sleep(time.Minute)
			due, err := ledger.Due(t.Context(), 1)
			require.NoError(t, err)
			require.Empty(t, due)
		}
		require.NoError(t, <-result)
	})
}

func TestALostClaimSettlesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := scantest.NewLedger()
		job := ledger.Add("acme", scantest.NewObject([]byte("bytes")))
		frozen := make(chan struct{})
		stubborn := scan.ScannerFunc(func(context.Context, scan.Object) (scan.Result, error) {
			<-frozen // a process that was suspended ignores its deadline
			return scan.Result{Verdict: scan.Infected}, nil
		})
		slow := scan.NewWorker(stubborn, ledger, &scan.WorkerOptions{
			Timeout:   time.Minute,
			OnVerdict: func(context.Context, scan.Job, scan.Outcome) { t.Error("told of an outcome that was refused") },
		})
		result := make(chan error)
		go func() { result <- slow.Work(t.Context(), job) }()

		time.Sleep(time.Hour)
		require.NoError(t, scan.NewWorker(scantest.NewFake(), ledger, nil).Work(t.Context(), job))
		close(frozen)
		require.ErrorIs(t, <-result, scan.ErrNotDue)
		require.Equal(t, scan.StatusClean, ledger.Outcome(job).Status)
	})
}

func TestNamedScanners(t *testing.T) {
	ledger := scantest.NewLedger()
	job := func(name string) scan.Job {
		return ledger.AddJob(scan.Job{TenantID: "acme", ContentID: "content-" + name, Scanner: name}, scantest.NewObject(nil))
	}
	worker := scan.NewWorker(scantest.NewFake(), ledger, &scan.WorkerOptions{
		Scanners: map[string]scan.Scanner{"strict": scantest.NewFake(scantest.Step{Result: scan.Result{Verdict: scan.Infected}})},
	})
	strict, strange := job("strict"), job("strange")
	require.NoError(t, worker.Work(t.Context(), strict))
	require.Equal(t, scan.StatusInfected, ledger.Outcome(strict).Status)

	require.ErrorIs(t, worker.Work(t.Context(), strange), scan.ErrConfig)
	require.Equal(t, scan.StatusError, ledger.Outcome(strange).Status)
}

func TestWorkerSaysWhatItDid(t *testing.T) {
	var logged bytes.Buffer
	reader := sdkmetric.NewManualReader()
	ledger := scantest.NewLedger()
	worker := scan.NewWorker(scantest.NewFake(scantest.Step{Panic: "boom"}, scantest.Step{}), ledger, &scan.WorkerOptions{
		Logger:        slog.New(slog.NewTextHandler(&logged, nil)),
		MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		OnVerdict:     func(context.Context, scan.Job, scan.Outcome) { panic("the host's own") },
	})
	require.Error(t, worker.Work(t.Context(), ledger.Add("acme", scantest.NewObject([]byte("1")))))
	require.NoError(t, worker.Work(t.Context(), ledger.Add("acme", scantest.NewObject([]byte("2")))))
	require.Contains(t, logged.String(), "scanner panicked")
	require.Contains(t, logged.String(), "OnVerdict panicked")

	require.Equal(t, map[string]int64{
		"scan.outcomes error.type=panic scan.status=pending": 1,
		"scan.outcomes scan.status=clean":                    1,
	}, sums(t, reader))
}
