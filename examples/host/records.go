package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the driver of sqlrepo.OpenSQLite

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
)

// maxConnections leaves room for other hosts: PostgreSQL takes 100 in all
// unless told otherwise.
const maxConnections = 20

// openRecords returns the database and the repository over it, with the schema
// up to date. The caller closes the database.
func openRecords(ctx context.Context, s Settings) (*sqlx.DB, *sqlrepo.Repository, error) {
	db, repo, err := openDatabase(s)
	if err != nil {
		return nil, nil, err
	}
	err = repo.Migrate(ctx)
	if err == nil && s.Database.Postgres != "" {
		err = warnOfSuperuser(ctx, db, s.Logger)
	}
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, repo, nil
}

// openDatabase leaves the schema as it is.
func openDatabase(s Settings) (*sqlx.DB, *sqlrepo.Repository, error) {
	if s.Database.Postgres == "" {
		db, err := sqlrepo.OpenSQLite(sqlitePath(s))
		if err != nil {
			return nil, nil, err
		}
		return db, sqlrepo.NewSQLite(db), nil
	}
	db, err := sqlrepo.OpenPostgres(string(s.Database.Postgres))
	if err != nil {
		return nil, nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	return db, sqlrepo.NewPostgres(db), nil
}

func sqlitePath(s Settings) string {
	return cmp.Or(s.Database.SQLite, filepath.Join(s.Data, "records.db"))
}

func warnOfSuperuser(ctx context.Context, db *sqlx.DB, logger *slog.Logger) error {
	bypasses, err := bypassesRowSecurity(ctx, db)
	if bypasses {
		logger.Warn("DATABASE_URL: this role bypasses row-level security; give the host a role of its own, NOSUPERUSER and NOBYPASSRLS")
	}
	return err
}

// bypassesRowSecurity tells of a role to which the tenants' row-level security
// does not apply.
func bypassesRowSecurity(ctx context.Context, db *sqlx.DB) (bypasses bool, err error) {
	err = db.GetContext(ctx, &bypasses, `SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user`)
	return bypasses, err
}
