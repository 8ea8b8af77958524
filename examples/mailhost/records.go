package main

import (
	"cmp"
	"context"
	"errors"
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
func openRecords(ctx context.Context, s settings, logger *slog.Logger) (*sqlx.DB, *sqlrepo.Repository, error) {
	var db *sqlx.DB
	var repo *sqlrepo.Repository
	var err error
	if s.Database.Postgres != "" {
		if db, err = sqlrepo.OpenPostgres(string(s.Database.Postgres)); err != nil {
			return nil, nil, errors.New("DATABASE_URL: not a PostgreSQL URL") // err would show it
		}
		db.SetMaxOpenConns(maxConnections)
		db.SetMaxIdleConns(maxConnections)
		repo = sqlrepo.NewPostgres(db)
	} else {
		if db, err = sqlrepo.OpenSQLite(cmp.Or(s.Database.SQLite, filepath.Join(s.data, "records.db"))); err != nil {
			return nil, nil, err
		}
		repo = sqlrepo.NewSQLite(db)
	}
	err = repo.Migrate(ctx)
	if err == nil && s.Database.Postgres != "" {
		err = warnOfSuperuser(ctx, db, logger)
	}
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, repo, nil
}

// warnOfSuperuser tells of a role to which the tenants' row-level security does
// not apply.
func warnOfSuperuser(ctx context.Context, db *sqlx.DB, logger *slog.Logger) error {
	var bypasses bool
	err := db.GetContext(ctx, &bypasses, `SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user`)
	if bypasses {
		logger.Warn("DATABASE_URL: this role bypasses row-level security; give the host a role of its own, NOSUPERUSER and NOBYPASSRLS")
	}
	return err
}
