package scan

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

const scopeName = "github.com/metabuilder/workflow-plugin-attachment-handler/scan"

func meterOf(p metric.MeterProvider) metric.Meter {
	if p == nil {
		p = noop.NewMeterProvider()
	}
	return p.Meter(scopeName)
}

type workerMeter struct {
	byTenant bool
	outcomes metric.Int64Counter
	duration metric.Float64Histogram
}

// Creating an instrument fails only on a malformed name, and then returns one
// that records nothing.
func newWorkerMeter(o *WorkerOptions) *workerMeter {
	m := meterOf(o.MeterProvider)
	outcomes, _ := m.Int64Counter("scan.outcomes", metric.WithUnit("{scan}"), metric.WithDescription("Scans ended, by status."))
	duration, _ := m.Float64Histogram("scan.duration", metric.WithUnit("s"), metric.WithDescription("How long a scan took, by status."),
		// The SDK's default bounds are made for milliseconds.
		metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600))
	return &workerMeter{o.TenantAttribute, outcomes, duration}
}

func (m *workerMeter) record(ctx context.Context, tenantID string, status Status, err error, took time.Duration) {
	attrs := []attribute.KeyValue{attribute.String("scan.status", string(status))}
	if reason := errorType(err); reason != "" {
		attrs = append(attrs, attribute.String("error.type", reason))
	}
	if m.byTenant {
		attrs = append(attrs, attribute.String("tenant.id", tenantID))
	}
	with := metric.WithAttributeSet(attribute.NewSet(attrs...))
	m.outcomes.Add(ctx, 1, with)
	m.duration.Record(ctx, took.Seconds(), with)
}

type backlogMeter struct {
	pending metric.Int64Gauge
	oldest  metric.Float64Gauge
}

func newBacklogMeter(p metric.MeterProvider) *backlogMeter {
	m := meterOf(p)
	pending, _ := m.Int64Gauge("scan.pending", metric.WithUnit("{content}"), metric.WithDescription("Contents that wait for a scan, for the first time or again."))
	oldest, _ := m.Float64Gauge("scan.pending.oldest", metric.WithUnit("s"), metric.WithDescription("How long the longest pending content has waited."))
	return &backlogMeter{pending, oldest}
}

func (m *backlogMeter) record(ctx context.Context, b Backlog) {
	m.pending.Record(ctx, b.Pending)
	m.oldest.Record(ctx, b.Age().Seconds())
}

// observePool reports stats whenever metrics are collected, until stop. Unlike
// the backlog, which every process sees whole, pools add up.
func observePool(p metric.MeterProvider, stats func() PoolStats) (stop func()) {
	m := meterOf(p)
	waiting, _ := m.Int64ObservableUpDownCounter("scan.pool.waiting", metric.WithUnit("{job}"), metric.WithDescription("Jobs waiting in this process."))
	running, _ := m.Int64ObservableUpDownCounter("scan.pool.running", metric.WithUnit("{job}"), metric.WithDescription("Scans running in this process."))
	dropped, _ := m.Int64ObservableCounter("scan.pool.dropped", metric.WithUnit("{job}"), metric.WithDescription("Jobs left to the reconciler because the pool was full or closed."))
	watch, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		now := stats()
		o.ObserveInt64(waiting, int64(now.Waiting))
		o.ObserveInt64(running, int64(now.Running))
		o.ObserveInt64(dropped, now.Dropped)
		return nil
	}, waiting, running, dropped)
	if err != nil {
		return func() {}
	}
	return func() { _ = watch.Unregister() } // what stays registered tells of a pool at rest
}
