package sqlrepo

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// TestDeadlineBeforeCommit: a transaction that took too long may be tried again,
// whatever name the failure has.
func TestDeadlineBeforeCommit(t *testing.T) {
	db, err := OpenSQLite(filepath.Join(t.TempDir(), "records.db"))
	require.NoError(t, err)
	defer db.Close()
	r := NewSQLite(db)
	r.patience = 10 * time.Millisecond
	err = r.transact(t.Context(), "test", "acme", func(tx *sqlx.Tx) error {
		for err := error(nil); !errors.Is(err, sql.ErrTxDone); _, err = tx.Exec("SELECT 1") { // until it is rolled back
			time.Sleep(time.Millisecond)
		}
		return nil
	})
	var failed *attachment.RepositoryError
	require.ErrorAs(t, err, &failed)
	require.True(t, failed.Temporary, err)
}
