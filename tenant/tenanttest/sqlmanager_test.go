package tenanttest_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant/tenanttest"
)

// TestSQLManagerConforms: the guide's example keeps every law of the port.
func TestSQLManagerConforms(t *testing.T) {
	tenanttest.RunManager(t, func(t *testing.T, tenants []tenanttest.Tenant) tenant.Manager {
		db, err := sql.Open("sqlite", ":memory:")
		require.NoError(t, err)
		t.Cleanup(func() { _ = db.Close() })
		db.SetMaxOpenConns(1)
		_, err = db.Exec(Schema)
		require.NoError(t, err)
		for _, one := range tenants {
			l := one.Limits
			_, err = db.Exec(`INSERT INTO tenants (id, max_bytes, max_blobs, max_blob_size) VALUES (?, NULLIF(?, 0), NULLIF(?, 0), NULLIF(?, 0))`,
				one.ID, l.MaxBytes, l.MaxBlobs, l.MaxBlobSize)
			require.NoError(t, err)
			_, err = db.Exec(`INSERT INTO members VALUES (?, ?, FALSE)`, one.ID, one.User)
			require.NoError(t, err)
		}
		return SQLManager{db}
	})
}
