package sqlrepo_test

import (
	"encoding/base64"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
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
	db, err := sqlrepo.OpenPostgres(url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// postgres is a cluster with a migrated database that others are cloned from,
// and a role without any privilege in it: row-level security binds it.
type postgres struct {
	*services.Postgres
	template, role string
}

func startPostgres(t testing.TB) *postgres {
	t.Helper()
	pg := services.StartPostgres(t, false)
	url := pg.NewDatabase(t)
	role, roleURL := pg.NewRole(t, url)
	admin, db := connect(t, url), connect(t, roleURL)
	admin.MustExec("GRANT CREATE ON SCHEMA public TO " + role)
	require.NoError(t, sqlrepo.NewPostgres(db).Migrate(t.Context()))
	require.NoError(t, admin.Close())
	require.NoError(t, db.Close())
	return &postgres{pg, url, role}
}

// database returns the connection string, as the role, of a new database.
func (p *postgres) database(t testing.TB) string {
	t.Helper()
	return strings.Replace(p.Clone(t, p.template), "postgres@", p.role+"@", 1)
}

func (p *postgres) open(t testing.TB) *sqlrepo.Repository {
	t.Helper()
	return sqlrepo.NewPostgres(connect(t, p.database(t)))
}

func TestSQLiteConforms(t *testing.T) {
	attachmenttest.RunRepository(t, func(t *testing.T) attachment.Repository { return openSQLite(t) })
}

func TestPostgresConforms(t *testing.T) {
	pg := startPostgres(t)
	attachmenttest.RunRepository(t, func(t *testing.T) attachment.Repository { return pg.open(t) })
}

// ledgerOver is a ledger whose contents came in through a handler.
func ledgerOver(t *testing.T, repo attachment.Repository) scantest.LedgerHarness {
	t.Helper()
	store := memblob.New(nil)
	handler, err := attachment.New(store, repo, nil)
	require.NoError(t, err)
	return attachmenttest.LedgerHarness(t, handler, attachment.NewLedger(store, repo))
}

func TestLedgersConform(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		scantest.RunLedger(t, func(t *testing.T) scantest.LedgerHarness { return ledgerOver(t, openSQLite(t)) })
	})
	t.Run("postgres", func(t *testing.T) {
		pg := startPostgres(t)
		scantest.RunLedger(t, func(t *testing.T) scantest.LedgerHarness { return ledgerOver(t, pg.open(t)) })
	})
}

// TestBadCompany: attachments that come at once share a transaction; one that
// the database refuses must not take the others with it.
func TestBadCompany(t *testing.T) {
	for name, repo := range map[string]*sqlrepo.Repository{"sqlite": openSQLite(t), "postgres": startPostgres(t).open(t)} {
		t.Run(name, func(t *testing.T) {
			var wg sync.WaitGroup
			drafts, errs := make([]attachment.Draft, 60), make([]error, 60)
			for i := range drafts {
				drafts[i] = draft("acme", i)
				if i%20 == 7 {
					drafts[i].Record.Size = -1 // a check in the schema refuses it
				}
				wg.Go(func() {
					if _, errs[i] = repo.Begin(as("acme"), drafts[i]); errs[i] == nil {
						_, errs[i] = repo.Finish(as("acme"), drafts[i])
					}
				})
			}
			wg.Wait()
			for i, err := range errs {
				if i%20 == 7 {
					require.Error(t, err)
					continue
				}
				require.NoError(t, err)
				record, err := repo.Get(as("acme"), drafts[i].Record.ID)
				require.NoError(t, err)
				require.Equal(t, drafts[i].Record.ContentHash, record.ContentHash)
			}
		})
	}
}

// TestForgedCursors: what this package did not write is the caller's mistake.
func TestForgedCursors(t *testing.T) {
	repo := openSQLite(t)
	for _, forged := range []string{
		`{}`, `[]`, `{"i":"urn:uuid:00000000-0000-0000-0000-000000000001"}`,
		`{"i":"00000000-0000-0000-0000-000000000001","p":99999999999}`, `{"i":"00000000-0000-0000-0000-000000000001","p":-1}`,
	} {
		_, err := repo.List(as("acme"), attachment.Query{Cursor: base64.RawURLEncoding.EncodeToString([]byte(forged))})
		require.ErrorIs(t, err, attachment.ErrCursor, forged)
	}
}

func TestSQLiteNeedsAFile(t *testing.T) {
	for _, path := range []string{"", ":memory:", "file::memory:?cache=shared"} {
		_, err := sqlrepo.OpenSQLite(path)
		require.Error(t, err, path)
	}
}

func TestMigrateIsRepeatable(t *testing.T) {
	repo := openSQLite(t)
	current, err := repo.SchemaCurrent(t.Context())
	require.NoError(t, err)
	require.True(t, current)
	require.NoError(t, repo.Migrate(t.Context()))
}
