package tenant_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

var anything = []tenant.Action{tenant.Read, tenant.Write, tenant.Delete, tenant.Admin}

// as returns ctx for a user of the tenant who may do anything.
func as(ctx context.Context, tenantID string) context.Context {
	return tenant.NewContext(ctx, tenant.User{Tenant: tenantID, ID: "user-of-" + tenantID, Actions: anything})
}

// of returns s as one tenant sees it.
func of(s blob.Store, tenantID string) blob.Store {
	return blobtest.Bind(s, func(ctx context.Context) context.Context { return as(ctx, tenantID) })
}

// metered returns inner scoped, with a Manager that knows the tenants and
// limits nothing. When the test is over, what is counted must be what is
// stored.
func metered(t testing.TB, inner blob.Store, tenants ...string) *tenant.Store {
	t.Helper()
	m := &tenant.Memory{}
	s := tenant.NewStore(inner, &tenant.StoreOptions{Manager: m})
	for _, id := range tenants {
		require.NoError(t, m.SetLimits(id, tenant.Limits{}))
		t.Cleanup(func() { settled(t, s, m, id) })
	}
	return s
}

// settled fails the test unless what m has counted is what s holds.
func settled(t testing.TB, s *tenant.Store, m *tenant.Memory, tenantID string) {
	t.Helper()
	counted, err := m.Usage(tenantID)
	require.NoError(t, err)
	stored, err := s.Measure(as(context.Background(), tenantID))
	require.NoError(t, err)
	require.Equal(t, stored, counted, "tenant %s: stored against counted", tenantID)
}

// eachBackend runs test over every store that the scoped one may stand on.
// open returns an empty one.
func eachBackend(t *testing.T, test func(t *testing.T, open func(*testing.T) blob.Store)) {
	t.Run("memblob", func(t *testing.T) {
		test(t, func(*testing.T) blob.Store { return memblob.New(nil) })
	})
	t.Run("fsblob", func(t *testing.T) {
		if _, err := os.Stat("/dev/shm"); err == nil {
			t.Setenv("TMPDIR", "/dev/shm") // whether bytes survive a power cut is not the question here
		}
		test(t, func(t *testing.T) blob.Store {
			s, err := fsblob.New(t.TempDir(), nil)
			require.NoError(t, err)
			t.Cleanup(func() { _ = s.Close() })
			return s
		})
	})
	t.Run("s3blob", func(t *testing.T) {
		const bucket = "tenants"
		server := services.StartS3(t, bucket)
		client, err := s3blob.NewClient(t.Context(), &s3blob.ClientOptions{
			Endpoint: server.Endpoint, PathStyle: true,
			Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
		})
		require.NoError(t, err)
		opened := 0
		test(t, func(t *testing.T) blob.Store {
			opened++
			s, err := s3blob.New(client, bucket, &s3blob.Options{Prefix: fmt.Sprint(opened), PartSize: 5 << 20})
			require.NoError(t, err)
			return s
		})
	})
}

func TestConformance(t *testing.T) {
	eachBackend(t, func(t *testing.T, open func(*testing.T) blob.Store) {
		blobtest.Run(t, func(t *testing.T) blob.Store { return of(metered(t, open(t), "acme"), "acme") })
	})
}

func TestIsolation(t *testing.T) {
	eachBackend(t, func(t *testing.T, open func(*testing.T) blob.Store) {
		blobtest.RunIsolation(t, func(t *testing.T) (a, b blob.Store) {
			s := metered(t, open(t), "acme", "ACME")
			return of(s, "acme"), of(s, "ACME")
		})
	})
}

func TestIsolationOfIDsThatBeginAlike(t *testing.T) {
	blobtest.RunIsolation(t, func(t *testing.T) (a, b blob.Store) {
		s := metered(t, memblob.New(nil), "a", "a.b")
		return of(s, "a"), of(s, "a.b")
	})
}
