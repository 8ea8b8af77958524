package scan_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// sums are the counters that reader collects, by name and attributes.
func sums(t *testing.T, reader sdkmetric.Reader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.WithoutCancel(t.Context()), &all))
	found := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, _ := m.Data.(metricdata.Sum[int64])
			for _, point := range sum.DataPoints {
				label := m.Name
				for _, kv := range point.Attributes.ToSlice() {
					label += " " + string(kv.Key) + "=" + kv.Value.String()
				}
				found[label] = point.Value
			}
		}
	}
	return found
}

func TestSpansOfEveryOutcome(t *testing.T) {
	wrongKey := &scan.Error{Scanner: "fake", Op: "dial", Err: scan.ErrConfig}
	for name, c := range map[string]struct {
		step  scantest.Step
		spans []string
	}{
		"clean":       {scantest.Step{}, []string{"claim", "scan", "settle", "work clean"}},
		"infected":    {scantest.Step{Result: scan.Result{Verdict: scan.Infected}}, []string{"claim", "scan", "settle", "work infected"}},
		"unscannable": {scantest.Step{Result: scan.Result{Verdict: scan.Unscannable}}, []string{"claim", "scan", "settle", "work error"}},
		"down":        {scantest.Step{Err: failure(true, scan.ErrUnavailable)}, []string{"claim", "scan !unavailable", "settle", "work pending !unavailable"}},
		"garbled":     {scantest.Step{Err: failure(true, scan.ErrProtocol)}, []string{"claim", "scan !protocol", "settle", "work pending !protocol"}},
		"wrong key":   {scantest.Step{Err: wrongKey}, []string{"claim", "scan !config", "settle", "work error !config"}},
		"slow":        {scantest.Step{Wait: time.Hour}, []string{"claim", "scan !timeout", "settle", "work pending !timeout"}},
		"panic":       {scantest.Step{Panic: "boom"}, []string{"claim", "scan !panic", "settle", "work pending !panic"}},
		"silent":      {scantest.Step{Silent: true}, []string{"claim", "scan", "settle", "work pending !_OTHER"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				recorder, ledger := tracetest.NewSpanRecorder(), scantest.NewLedger()
				worker := scan.NewWorker(scantest.NewFake(c.step), ledger, &scan.WorkerOptions{
					TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)),
				})
				_ = worker.Work(t.Context(), ledger.Add("acme", scantest.NewObject([]byte("bytes"))))
				require.Equal(t, c.spans, told(recorder))
				for _, s := range recorder.Ended() {
					require.Equal(t, s.Name() != "scan.work", s.Parent().IsValid())
					require.Empty(t, s.Events(), "errors quote what must not get out")
				}
			})
		})
	}
}

// told are the spans ended, each with its status and what went wrong.
func told(recorder *tracetest.SpanRecorder) (spans []string) {
	for _, s := range recorder.Ended() {
		line := strings.TrimPrefix(s.Name(), "scan.")
		for _, kv := range s.Attributes() {
			if kv.Key == "scan.status" {
				line += " " + kv.Value.AsString()
			}
		}
		if s.Status().Code == codes.Error {
			line += " !" + s.Status().Description
		}
		spans = append(spans, line)
	}
	return spans
}

func TestASpanSaysWhatWasScanned(t *testing.T) {
	recorder, reader, ledger := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader(), scantest.NewLedger()
	worker := scan.NewWorker(scantest.NewFake(scantest.Step{Result: scan.Result{Engine: "fake 1"}}), ledger, &scan.WorkerOptions{
		TracerProvider:  sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)),
		MeterProvider:   sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		TenantAttribute: true,
	})
	job := ledger.Add("acme", scantest.NewObject([]byte("bytes")))
	require.NoError(t, worker.Work(t.Context(), job))
	require.ElementsMatch(t, []attribute.KeyValue{
		attribute.String("scan.status", "clean"), attribute.String("scan.engine", "fake 1"), attribute.String("scan.content_id", job.ContentID),
		attribute.Int64("scan.size", 5), attribute.Int("scan.attempt", 1), attribute.String("tenant.id", "acme"),
	}, recorder.Ended()[3].Attributes())
	require.Equal(t, map[string]int64{"scan.outcomes scan.status=clean tenant.id=acme": 1}, sums(t, reader))

	require.ErrorIs(t, worker.Work(t.Context(), job), scan.ErrNotDue) // nothing to do is no failure
	require.Equal(t, []string{"claim", "work"}, told(recorder)[4:])
}

func TestAPoolTellsWhatItIsDoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := sdkmetric.NewManualReader()
		b := newBench(&scan.PoolOptions{Workers: 1, Capacity: 3, MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))}, time.Minute)
		b.add(t, "acme", 0, 5)
		stop := b.run(t)
		synctest.Wait()
		require.Equal(t, map[string]int64{"scan.pool.waiting": 2, "scan.pool.running": 1, "scan.pool.dropped": 2}, sums(t, reader))
		stop()
		require.Empty(t, sums(t, reader))
	})
}
