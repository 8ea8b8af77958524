package sqlrepo

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// versionTable keeps these migrations apart from the host's own.
const versionTable = "attachment_schema_version"

// Migrate brings the schema up to date. Several hosts may start at once: on
// PostgreSQL one migrates and the others wait.
func (r *Repository) Migrate(ctx context.Context) error {
	provider, err := r.migrator()
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the attachment schema: %w", err)
	}
	return nil
}

// SchemaCurrent reports whether Migrate has nothing to do.
func (r *Repository) SchemaCurrent(ctx context.Context) (bool, error) {
	provider, err := r.migrator()
	if err != nil {
		return false, err
	}
	pending, err := provider.HasPending(ctx)
	return !pending, err
}

func (r *Repository) migrator() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+r.dialect.name())
	if err != nil {
		return nil, err
	}
	kind, options := database.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if r.dialect.name() == "postgres" {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		kind, options = database.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	}
	versions, err := database.NewStore(kind, versionTable)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider("", r.db.DB, files, append(options, goose.WithStore(versions))...)
}
