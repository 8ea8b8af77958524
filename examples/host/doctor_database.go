package host

import (
	"context"
	"os"

	"github.com/jmoiron/sqlx"
)

func (d *doctor) database(ctx context.Context) {
	const part = "database"
	if path := sqlitePath(d.settings); d.settings.Database.Postgres == "" {
		if _, err := os.Stat(path); err != nil {
			d.say(part, Warn, "the SQLite file is not there", "start the host, which makes it")
			return
		}
	}
	db, repo, err := openDatabase(d.settings)
	if err == nil {
		defer db.Close()
		err = db.PingContext(ctx)
	}
	if err != nil {
		d.say(part, Fail, err.Error(), "look at DATABASE_URL: host, port, user, password and the database's name; is the server up?")
		return
	}
	d.say(part, OK, db.DriverName()+" answers", "")

	// Asking for what is pending would make the table of versions.
	if _, err := db.ExecContext(ctx, `SELECT 1 FROM attachment_schema_version LIMIT 1`); err != nil {
		d.say("schema", Warn, "there is none yet", "start the host, which makes it; its role must be allowed to create tables")
	} else if current, err := repo.SchemaCurrent(ctx); err != nil {
		d.say("schema", Fail, err.Error(), "restore a backup, or ask who changed the table attachment_schema_version")
	} else if !current {
		d.say("schema", Fail, "older than this program", "start this version of the host, which migrates it")
	} else {
		d.say("schema", OK, "current", "")
	}
	if d.settings.Database.Postgres != "" {
		d.role(ctx, db)
	}
}

func (d *doctor) role(ctx context.Context, db *sqlx.DB) {
	const part = "database role"
	bypasses, err := bypassesRowSecurity(ctx, db)
	switch {
	case err != nil:
		d.say(part, Fail, err.Error(), "let the role read pg_roles, as every role may by default")
	case bypasses:
		d.say(part, Fail, "bypasses row-level security: a mistake in a query would show one tenant another's records",
			"give the host a role of its own: CREATE ROLE … LOGIN NOSUPERUSER NOBYPASSRLS")
	default:
		d.say(part, OK, "row-level security applies to it", "")
	}
}
