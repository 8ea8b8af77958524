package attachment_test

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// TestTelemetryIsAsDocumented makes every part report everything it can, and
// compares that with the package documentation: each span, and each metric with
// its unit and attributes, no more and no less.
func TestTelemetryIsAsDocumented(t *testing.T) {
	spans, metrics := reportEverything(t)
	var documented []string
	for _, line := range listed(t, "// Spans,") {
		documented = append(documented, strings.Fields(line)[0])
	}
	require.ElementsMatch(t, spans, documented)

	documented = nil
	for _, line := range listed(t, "// Metrics,") {
		name, unit, attributes := strings.Fields(line)[0], strings.Fields(line)[1], strings.Fields(line)[2:]
		documented = append(documented, instrument(name, unit, attributes))
	}
	require.ElementsMatch(t, metrics, documented)
}

// TestEveryCodeIsExplained: whoever gets one finds it in the documentation.
func TestEveryCodeIsExplained(t *testing.T) {
	source, err := os.ReadFile("errors.go")
	require.NoError(t, err)
	text, err := os.ReadFile("doc_operations.go")
	require.NoError(t, err)
	codes := regexp.MustCompile(`Code = "([A-Z_]+)"`).FindAllStringSubmatch(string(source), -1)
	require.Len(t, codes, 10)
	for _, code := range codes {
		require.Contains(t, string(text), "\n// "+code[1]+": ")
	}
}

// listed are the indented lines of the package documentation that follow the
// line beginning with heading.
func listed(t *testing.T, heading string) (lines []string) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(text), heading)
	require.True(t, found)
	for line := range strings.Lines(after) {
		if item, ok := strings.CutPrefix(line, "//\t"); ok {
			lines = append(lines, item)
		} else if len(lines) > 0 {
			break
		}
	}
	return lines
}

// instrument is one metric in one line.
func instrument(name, unit string, attributes []string) string {
	var keys []string
	for _, key := range attributes {
		if key = strings.Trim(key, "-,"); key != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return strings.Join(append([]string{name, unit}, slices.Compact(keys)...), " ")
}

// reportEverything returns the names of all spans, and all metrics with their
// units and attributes.
func reportEverything(t *testing.T) (spans, metrics []string) {
	recorder, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))

	tenants := &tenant.Memory{}
	require.NoError(t, tenants.SetLimits("acme", tenant.Limits{MaxBytes: 100, MaxBlobs: 10}))
	_, err := tenant.ObserveQuotas(meters, tenants.QuotaUse)
	require.NoError(t, err)
	faulty := blobtest.NewFaulty(memblob.New(nil))
	store := tenant.NewStore(faulty, &tenant.StoreOptions{Manager: tenants, MeterProvider: meters})
	repo := attachmenttest.NewRepository()
	ledger := attachment.NewLedger(store, repo)
	verdicts := make(chan scan.Status)
	wrongKey := &scan.Error{Scanner: "fake", Op: "dial", Err: scan.ErrConfig}
	worker := scan.NewWorker(scantest.NewFake(scantest.Step{Err: wrongKey}, scantest.Step{}), ledger, &scan.WorkerOptions{
		TracerProvider: tracers, MeterProvider: meters,
		OnVerdict: func(_ context.Context, _ scan.Job, o scan.Outcome) { verdicts <- o.Status },
	})
	pool := scan.NewPool(worker, &scan.PoolOptions{MeterProvider: meters})
	running := make(chan error, 1)
	go func() { running <- pool.Run(context.WithoutCancel(t.Context())) }()
	links, err := blob.NewLinkSigner([]blob.LinkKey{{ID: "k1", Secret: []byte("a secret of thirty-two bytes, ok")}}, nil)
	require.NoError(t, err)
	now := time.Now()
	handler, err := attachment.New(store, repo, &attachment.Options{
		Queue: pool, Links: links, TracerProvider: tracers, MeterProvider: meters, Now: func() time.Time { return now },
	})
	require.NoError(t, err)
	process := func(filename, content string) (*attachment.Processed, error) {
		return handler.Process(as("acme"), attachment.Input{MessageID: "m1", Filename: filename, Data: strings.NewReader(content), Size: int64(len(content))})
	}

	first, err := process("a.txt", "one")
	require.NoError(t, err)
	require.Equal(t, scan.StatusError, <-verdicts)
	_, err = process("b.txt", "two")
	require.NoError(t, err)
	require.Equal(t, scan.StatusClean, <-verdicts)
	_, err = process("copy.txt", "two")
	require.NoError(t, err)
	_, err = process("c.txt", strings.Repeat("too much", 100))
	require.ErrorIs(t, err, tenant.ErrQuota)
	_, err = scan.NewReconciler(ledger, pool, &scan.ReconcilerOptions{MeterProvider: meters}).Once(t.Context())
	require.NoError(t, err)
	require.NoError(t, handler.Delete(as("acme"), first.AttachmentID))
	now = now.AddDate(0, 0, 8)
	faulty.Inject(blobtest.Fault{Op: "delete"})
	_, err = handler.Sweep(t.Context(), nil)
	require.Error(t, err)

	metrics = instruments(t, reader)
	require.NoError(t, pool.Shutdown(t.Context()))
	require.NoError(t, <-running)
	for _, s := range recorder.Ended() {
		if !slices.Contains(spans, s.Name()) {
			spans = append(spans, s.Name())
		}
	}
	return spans, metrics
}

// instruments are all metrics that reader collects, each with the attributes of
// any of its points.
func instruments(t *testing.T, reader sdkmetric.Reader) (found []string) {
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			var sets []attribute.Set
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				sets = setsOf(data.DataPoints)
			case metricdata.Gauge[int64]:
				sets = setsOf(data.DataPoints)
			case metricdata.Gauge[float64]:
				sets = setsOf(data.DataPoints)
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					sets = append(sets, p.Attributes)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					sets = append(sets, p.Attributes)
				}
			}
			require.NotEmpty(t, sets, m.Name)
			var keys []string
			for _, set := range sets {
				for _, kv := range set.ToSlice() {
					keys = append(keys, string(kv.Key))
				}
			}
			found = append(found, instrument(m.Name, m.Unit, keys))
		}
	}
	return found
}

func setsOf[N int64 | float64](points []metricdata.DataPoint[N]) (sets []attribute.Set) {
	for _, p := range points {
		sets = append(sets, p.Attributes)
	}
	return sets
}
