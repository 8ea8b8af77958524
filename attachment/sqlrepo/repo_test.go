package sqlrepo_test

import (
	"path/filepath"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

func openSQLite(t testing.TB) *sqlrepo.Repository {
	t.Helper()
	db, err := sqlrepo.OpenSQLite(filepath.Join(t.TempDir(), "odd name?#%.db"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	repo := sqlrepo.NewSQLite(db)
	require.NoError(t, repo.Migrate(t.Context()))
	return repo
}

func connect(t testing.TB, url string) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// openPostgres returns a repository that works as a role without any
// privilege: row-level security binds it.
func openPostgres(t testing.TB, pg *services.Postgres) *sqlrepo.Repository {
	t.Helper()
	url := pg.NewDatabase(t)
	role, roleURL := pg.NewRole(t, url)
	connect(t, url).MustExec("GRANT CREATE ON SCHEMA public TO " + role)
	repo := sqlrepo.NewPostgres(connect(t, roleURL))
	require.NoError(t, repo.Migrate(t.Context()))
	return repo
}

func TestSQLiteConforms(t *testing.T) {
	attachmenttest.RunRepository(t, func(t *testing.T) attachment.Repository { return openSQLite(t) })
}

func TestPostgresConforms(t *testing.T) {
	pg := services.StartPostgres(t, false)
	attachmenttest.RunRepository(t, func(t *testing.T) attachment.Repository { return openPostgres(t, pg) })
}

func TestMigrateIsRepeatable(t *testing.T) {
	repo := openSQLite(t)
	current, err := repo.SchemaCurrent(t.Context())
	require.NoError(t, err)
	require.True(t, current)
	require.NoError(t, repo.Migrate(t.Context()))
}
