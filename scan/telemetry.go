package scan

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

const meterName = "github.com/metabuilder/workflow-plugin-attachment-handler/scan"

func meterOf(p metric.MeterProvider) metric.Meter {
	if p == nil {
		p = noop.NewMeterProvider()
	}
	return p.Meter(meterName)
}

type workerMeter struct {
	outcomes metric.Int64Counter
	duration metric.Float64Histogram
}

// Creating an instrument fails only on a malformed name, and then returns one
// that records nothing.
func newWorkerMeter(p metric.MeterProvider) *workerMeter {
	m := meterOf(p)
	outcomes, _ := m.Int64Counter("scan.outcomes", metric.WithDescription("Scans ended, by status."))
	duration, _ := m.Float64Histogram("scan.duration", metric.WithUnit("s"), metric.WithDescription("How long a scan took, by status."))
	return &workerMeter{outcomes, duration}
}

func (m *workerMeter) record(ctx context.Context, status Status, took time.Duration) {
	with := metric.WithAttributes(attribute.String("status", string(status)))
	m.outcomes.Add(ctx, 1, with)
	m.duration.Record(ctx, took.Seconds(), with)
}

type backlogMeter struct {
	pending metric.Int64Gauge
	oldest  metric.Float64Gauge
}

func newBacklogMeter(p metric.MeterProvider) *backlogMeter {
	m := meterOf(p)
	pending, _ := m.Int64Gauge("scan.pending", metric.WithDescription("Contents without a verdict."))
	oldest, _ := m.Float64Gauge("scan.pending.oldest", metric.WithUnit("s"), metric.WithDescription("How long the longest pending content has waited."))
	return &backlogMeter{pending, oldest}
}

func (m *backlogMeter) record(ctx context.Context, b Backlog) {
	m.pending.Record(ctx, b.Pending)
	m.oldest.Record(ctx, b.Age().Seconds())
}
