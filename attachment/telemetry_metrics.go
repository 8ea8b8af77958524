package attachment

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// meter holds the instruments; doc.go lists them for the reader of a dashboard.
type meter struct {
	backend attribute.KeyValue

	processed metric.Int64Counter
	duration  metric.Float64Histogram
	size      metric.Int64Histogram
	saved     metric.Int64Counter

	swept      metric.Int64Counter
	sweptBytes metric.Int64Counter
	sweepTime  metric.Float64Histogram
}

// Creating an instrument fails only on a malformed name, and then returns one
// that records nothing.
func newMeter(p metric.MeterProvider, backend string) *meter {
	// The SDK's default bounds are made for milliseconds.
	secondBounds := metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
	byteBounds := metric.WithExplicitBucketBoundaries(1<<10, 16<<10, 64<<10, 256<<10, 1<<20, 4<<20, 16<<20, 64<<20, 256<<20, 1<<30, 5<<30)
	from := p.Meter(scopeName)
	count := func(name, unit, what string) metric.Int64Counter {
		c, _ := from.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(what))
		return c
	}
	seconds := func(name, what string) metric.Float64Histogram {
		h, _ := from.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(what), secondBounds)
		return h
	}
	size, _ := from.Int64Histogram("attachment.process.size", metric.WithUnit("By"),
		metric.WithDescription("Size of the attachments taken in."), byteBounds)
	return &meter{
		backend:    attribute.String("attachment.backend", backend),
		processed:  count("attachment.processed", "{attachment}", "Attachments that came in, by how that ended."),
		duration:   seconds("attachment.process.duration", "How long one attachment took."),
		size:       size,
		saved:      count("attachment.dedup.saved", "By", "Bytes not stored because they were stored already."),
		swept:      count("attachment.sweep.removed", "{item}", "Records, blobs and unfinished uploads that sweeps removed."),
		sweptBytes: count("attachment.sweep.freed", "By", "Bytes in the blobs that sweeps removed."),
		sweepTime:  seconds("attachment.sweep.duration", "How long one sweep took."),
	}
}

// countProcessed records how one attachment ended. p is nil if err is not.
func (t *telemetry) countProcessed(ctx context.Context, p *Processed, how Outcome, err error, took time.Duration) {
	m := t.meter
	if m == nil {
		return
	}
	attrs := append(t.whose(ctx), m.backend, attribute.String("attachment.outcome", outcomeName(how)))
	if err != nil {
		attrs = append(attrs, attribute.String("error.type", errorType(AsError(err).Code)))
	} else {
		attrs = append(attrs, attribute.String("attachment.type", family(p.MIMEType)))
	}
	with := metric.WithAttributeSet(attribute.NewSet(attrs...))
	m.duration.Record(ctx, took.Seconds(), with)
	if err != nil {
		m.processed.Add(ctx, 1, with)
		return
	}
	m.size.Record(ctx, p.Size, with)
	if how == Attached {
		m.saved.Add(ctx, p.Size, with)
	}
	attrs = append(attrs, attribute.String("scan.status", string(p.VirusScanStatus)))
	m.processed.Add(ctx, 1, metric.WithAttributeSet(attribute.NewSet(attrs...)))
}

// countSweep records one sweep, dry runs apart.
func (t *telemetry) countSweep(ctx context.Context, r SweepReport, err error, took time.Duration) {
	m := t.meter
	if m == nil || r.DryRun {
		return
	}
	removed := func(n int, kind string) {
		m.swept.Add(ctx, int64(n), metric.WithAttributes(m.backend, attribute.String("attachment.sweep.kind", kind)))
	}
	removed(r.Records, "record")
	removed(r.Blobs, "blob")
	removed(r.Staged, "upload")
	m.sweptBytes.Add(ctx, r.Bytes, metric.WithAttributes(m.backend))
	attrs := []attribute.KeyValue{m.backend}
	if err != nil {
		attrs = append(attrs, attribute.String("error.type", errorType(AsError(err).Code)))
	}
	m.sweepTime.Record(ctx, took.Seconds(), metric.WithAttributes(attrs...))
}
