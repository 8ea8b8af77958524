package tenant

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

const scopeName = "github.com/metabuilder/workflow-plugin-attachment-handler/tenant"

// QuotaUse is what a tenant has stored, and what it may.
type QuotaUse struct {
	TenantID string
	Used     Usage
	Limits   Limits
}

// ObserveQuotas reports what the tenants that uses returns have stored and may
// store, whenever metrics are collected, until stop:
//
//	tenant.storage.usage   By      bytes stored
//	tenant.storage.limit   By      bytes allowed; absent where there is no limit
//	tenant.blobs.usage     {blob}  blobs stored
//	tenant.blobs.limit     {blob}  blobs allowed; absent where there is no limit
//
// each with tenant.id: four time series for every tenant. Whoever has thousands
// returns those that matter, such as the fullest. uses must be quick and safe for
// concurrent use. In a host of several processes that share one Manager, one of
// them reports.
func ObserveQuotas(p metric.MeterProvider, uses func(ctx context.Context) ([]QuotaUse, error)) (stop func() error, err error) {
	m := p.Meter(scopeName)
	gauge := func(name, unit, what string) metric.Int64ObservableGauge {
		g, _ := m.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(what))
		return g
	}
	bytes, maxBytes := gauge("tenant.storage.usage", "By", "Bytes a tenant has stored."), gauge("tenant.storage.limit", "By", "Bytes a tenant may store.")
	blobs, maxBlobs := gauge("tenant.blobs.usage", "{blob}", "Blobs a tenant has stored."), gauge("tenant.blobs.limit", "{blob}", "Blobs a tenant may store.")
	watch, err := m.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		all, err := uses(ctx)
		for _, u := range all {
			with := metric.WithAttributes(attribute.String("tenant.id", u.TenantID))
			o.ObserveInt64(bytes, u.Used.Bytes, with)
			o.ObserveInt64(blobs, u.Used.Blobs, with)
			if u.Limits.MaxBytes > 0 {
				o.ObserveInt64(maxBytes, u.Limits.MaxBytes, with)
			}
			if u.Limits.MaxBlobs > 0 {
				o.ObserveInt64(maxBlobs, u.Limits.MaxBlobs, with)
			}
		}
		return err
	}, bytes, maxBytes, blobs, maxBlobs)
	if err != nil {
		return nil, err
	}
	return watch.Unregister, nil
}

// quotaMeter counts what quotas refuse. A nil one counts nothing.
type quotaMeter struct {
	byTenant bool
	refused  metric.Int64Counter
}

func newQuotaMeter(o *StoreOptions) *quotaMeter {
	if o.MeterProvider == nil {
		return nil
	}
	refused, _ := o.MeterProvider.Meter(scopeName).Int64Counter("tenant.quota.refused", // fails only on a malformed name
		metric.WithUnit("{blob}"), metric.WithDescription("Blobs that quotas refused."))
	return &quotaMeter{o.TenantAttribute, refused}
}

// count counts err if it is a refusal, and returns it.
func (m *quotaMeter) count(ctx context.Context, tenantID string, err error) error {
	if m == nil || !errors.Is(err, ErrQuota) {
		return err
	}
	reason := "storage"
	if errors.Is(err, blob.ErrTooLarge) {
		reason = "blob_size"
	}
	attrs := []attribute.KeyValue{attribute.String("tenant.quota.reason", reason)}
	if m.byTenant {
		attrs = append(attrs, attribute.String("tenant.id", tenantID))
	}
	m.refused.Add(ctx, 1, metric.WithAttributes(attrs...))
	return err
}
