package tenant_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// reading is one number that a reader collected.
type reading struct {
	name, unit string
	attributes attribute.Distinct
}

func read(name, unit string, attrs ...attribute.KeyValue) reading {
	set := attribute.NewSet(attrs...)
	return reading{name, unit, set.Equivalent()}
}

func collect(t *testing.T, reader sdkmetric.Reader) map[reading]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	found := map[reading]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			var points []metricdata.DataPoint[int64]
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				points = data.DataPoints
			case metricdata.Gauge[int64]:
				points = data.DataPoints
			}
			for _, p := range points {
				found[reading{m.Name, m.Unit, p.Attributes.Equivalent()}] = p.Value
			}
		}
	}
	return found
}

func TestRefusalsAreCounted(t *testing.T) {
	acme := attribute.String("tenant.id", "acme")
	storage, size := attribute.String("tenant.quota.reason", "storage"), attribute.String("tenant.quota.reason", "blob_size")
	for name, byTenant := range map[string]bool{"all": false, "by tenant": true} {
		t.Run(name, func(t *testing.T) {
			reader := sdkmetric.NewManualReader()
			tenants := &tenant.Memory{}
			require.NoError(t, tenants.SetLimits("acme", tenant.Limits{MaxBytes: 1000, MaxBlobSize: 600}))
			store := tenant.NewStore(memblob.New(nil), &tenant.StoreOptions{
				Manager: tenants, MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)), TenantAttribute: byTenant,
			})
			ctx := tenant.NewContext(t.Context(), tenant.User{Tenant: "acme", Actions: []tenant.Action{tenant.Write}})
			upload := func(key string, n int, opts *blob.WriteOptions) error {
				w, err := store.Create(ctx, key, opts)
				if err != nil {
					return err
				}
				defer w.Abort()
				for range 2 { // a second attempt is not a second refusal
					if _, err = w.Write(bytes.Repeat([]byte("x"), n)); err == nil {
						_, err = w.Commit(ctx)
						return err
					}
				}
				return err
			}
			require.NoError(t, upload("a", 600, nil)) // more is asked for in advance, and refused; this is not
			require.Empty(t, collect(t, reader))

			require.ErrorIs(t, upload("b", 500, nil), tenant.ErrQuota)
			require.ErrorIs(t, upload("c", 500, &blob.WriteOptions{Size: 500}), tenant.ErrQuota)
			require.ErrorIs(t, upload("d", 601, &blob.WriteOptions{Size: 601}), tenant.ErrQuota)
			require.ErrorIs(t, upload("e", 601, nil), tenant.ErrQuota)
			_, err := store.Open(ctx, "a", 0, -1)
			require.ErrorIs(t, err, tenant.ErrForbidden)
			want := map[reading]int64{read("tenant.quota.refused", "{blob}", storage): 2, read("tenant.quota.refused", "{blob}", size): 2}
			if byTenant {
				want = map[reading]int64{read("tenant.quota.refused", "{blob}", storage, acme): 2, read("tenant.quota.refused", "{blob}", size, acme): 2}
			}
			require.Equal(t, want, collect(t, reader))
		})
	}
}

func TestQuotasAreObserved(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	var tenants tenant.Memory
	require.NoError(t, tenants.SetLimits("acme", tenant.Limits{MaxBytes: 1000, MaxBlobs: 10}))
	require.NoError(t, tenants.SetLimits("globex", tenant.Limits{}))
	require.NoError(t, tenants.Reserve(t.Context(), "acme", tenant.Usage{Bytes: 600, Blobs: 1}))
	stop, err := tenant.ObserveQuotas(provider, tenants.QuotaUse)
	require.NoError(t, err)

	acme, globex := attribute.String("tenant.id", "acme"), attribute.String("tenant.id", "globex")
	require.Equal(t, map[reading]int64{
		read("tenant.storage.usage", "By", acme): 600, read("tenant.storage.limit", "By", acme): 1000,
		read("tenant.blobs.usage", "{blob}", acme): 1, read("tenant.blobs.limit", "{blob}", acme): 10,
		read("tenant.storage.usage", "By", globex): 0, read("tenant.blobs.usage", "{blob}", globex): 0,
	}, collect(t, reader))
	require.NoError(t, stop())
	require.Empty(t, collect(t, reader))

	down := errors.New("the database is away")
	_, err = tenant.ObserveQuotas(provider, func(context.Context) ([]tenant.QuotaUse, error) { return nil, down })
	require.NoError(t, err)
	require.ErrorIs(t, reader.Collect(t.Context(), &metricdata.ResourceMetrics{}), down)
}
