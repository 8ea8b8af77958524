package attachment_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"strings"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Where a host's OpenTelemetry providers go. In place of the two readers it has
// exporters, such as those for OTLP and Prometheus.
func Example_observability() {
	spans, metrics := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(metrics))

	// What tenants store, and how full they are.
	tenants := &tenant.Memory{}
	if err := tenants.SetLimits("acme", tenant.Limits{MaxBytes: 1 << 30}); err != nil {
		log.Fatal(err)
	}
	stop, err := tenant.ObserveQuotas(meters, tenants.QuotaUse)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = stop() }()
	store := tenant.NewStore(memblob.New(nil), &tenant.StoreOptions{Manager: tenants, MeterProvider: meters})
	repo := attachmenttest.NewRepository()

	// What is scanned, and what waits for it.
	ledger := attachment.NewLedger(store, repo)
	worker := scan.NewWorker(eicar.New(nil), ledger, &scan.WorkerOptions{TracerProvider: tracers, MeterProvider: meters})
	pool := scan.NewPool(worker, &scan.PoolOptions{MeterProvider: meters})
	reconciler := scan.NewReconciler(ledger, pool, &scan.ReconcilerOptions{MeterProvider: meters})

	// What comes in. With TenantAttribute, every tenant is a time series.
	handler, err := attachment.New(store, repo, &attachment.Options{
		Queue: pool, TracerProvider: tracers, MeterProvider: meters, Backend: "memory",
		Logger: slog.New(slog.DiscardHandler), TenantAttribute: true,
	})
	if err != nil {
		log.Fatal(err)
	}

	ctx := tenant.NewContext(context.Background(), tenant.User{Tenant: "acme", ID: "maria", Actions: []tenant.Action{tenant.Write}})
	if _, err := handler.Process(ctx, attachment.Input{MessageID: "1@example.com", Filename: "notes.txt", Data: strings.NewReader("hello"), Size: 5}); err != nil {
		log.Fatal(err)
	}
	if _, err := reconciler.Once(ctx); err != nil {
		log.Fatal(err)
	}

	for _, span := range spans.GetSpans() {
		fmt.Println(span.Name)
	}
	var collected metricdata.ResourceMetrics
	if err := metrics.Collect(ctx, &collected); err != nil {
		log.Fatal(err)
	}
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			fmt.Printf("%s (%s)\n", m.Name, m.Unit)
		}
	}
	// Unordered output:
	// attachment.admit
	// attachment.read
	// attachment.begin
	// attachment.publish
	// attachment.finish
	// attachment.enqueue
	// attachment.process
	// attachment.processed ({attachment})
	// attachment.process.duration (s)
	// attachment.process.size (By)
	// scan.pending ({content})
	// scan.pending.oldest (s)
	// tenant.storage.usage (By)
	// tenant.storage.limit (By)
	// tenant.blobs.usage ({blob})
}
