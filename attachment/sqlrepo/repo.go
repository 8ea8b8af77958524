package sqlrepo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Repository is an attachment.Repository in a database.
type Repository struct {
	db       *sqlx.DB
	dialect  dialect
	patience time.Duration // with one attempt, where the context has more
	turn     chan struct{} // whose it is, one transaction has; nil: any number may run

	beginning, finishing *convoy
}

var _ attachment.Repository = (*Repository)(nil)

// dialect is what differs between the databases.
type dialect interface {
	name() string
	// begin and finish are the two steps of attachment.IngestRepository, for
	// some drafts of one tenant in one transaction.
	begin(ctx context.Context, r *Repository, tenantID string, drafts []draft) ([]reply, error)
	finish(ctx context.Context, r *Repository, tenantID string, drafts []draft) ([]reply, error)
	// purge removes the records that a query selects, and counts them.
	purge(ctx context.Context, tx *sqlx.Tx, ended string, args []any, now any) (records int, err error)
	// read runs queries that change nothing; tenantID may be everyTenant.
	read(ctx context.Context, r *Repository, tenantID string, fn func(q querier) error) error
	// enter makes the rows of a tenant visible to the transaction; everyTenant
	// makes all of them.
	enter(ctx context.Context, tx *sqlx.Tx, tenantID string) error
	// at is a time as a parameter.
	at(t time.Time) any
	// skipLocked ends a SELECT that claims rows.
	skipLocked() string
	// temporary reports whether the same call may succeed if repeated.
	temporary(err error) bool
}

// querier is what a query needs: a database or a transaction.
type querier interface {
	GetContext(ctx context.Context, dest any, query string, args ...any) error
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
	Rebind(query string) string
}

// everyTenant stands for the system at work; no tenant can have this id.
const everyTenant = "*"

// NewPostgres returns a repository over a database opened as OpenPostgres does.
// Call Migrate before the first use.
func NewPostgres(db *sqlx.DB) *Repository {
	return newRepository(db, postgres{})
}

// NewSQLite returns a repository over a database opened as OpenSQLite does. Call
// Migrate before the first use.
//
// Its transactions take turns in the order in which they come: SQLite's own
// waiting is a lottery, in which one of many writers can lose for minutes.
func NewSQLite(db *sqlx.DB) *Repository {
	r := newRepository(db, sqlite{})
	r.turn = make(chan struct{}, 1)
	return r
}

func newRepository(db *sqlx.DB, d dialect) *Repository {
	r := &Repository{db: db, dialect: d, patience: patience}
	r.beginning = newConvoy(d.temporary, func(ctx context.Context, tenantID string, drafts []draft) ([]reply, error) {
		return d.begin(ctx, r, tenantID, drafts)
	})
	r.finishing = newConvoy(d.temporary, func(ctx context.Context, tenantID string, drafts []draft) ([]reply, error) {
		return d.finish(ctx, r, tenantID, drafts)
	})
	return r
}

// OpenSQLite opens a database file, which its first use creates; the folder must
// be there. The file is as readable as the process's umask allows, and holds
// filenames: a folder of mode 0700 keeps it private. The caller closes the DB.
// The driver must be linked: import _ "modernc.org/sqlite".
//
// A database in memory would be another one for each connection, and is refused;
// attachmenttest.NewRepository is the one for unit tests.
func OpenSQLite(path string) (*sqlx.DB, error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, fmt.Errorf("sqlrepo: SQLite needs a file, not %q", path)
	}
	options := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"journal_mode(WAL)", "busy_timeout(10000)", "synchronous(FULL)", "foreign_keys(ON)"},
	}
	db, err := sqlx.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open SQLite database: %w", err)
	}
	return db, nil
}

// attempts bounds the repetitions of a transaction that the database rolled
// back: it left nothing, so repeating it is safe.
const attempts = 4

// patience is far longer than any transaction of this package takes. What takes
// longer hangs, and is not tried again.
const patience = 30 * time.Second

// inTenant runs fn in a transaction on behalf of the tenant in ctx.
func (r *Repository) inTenant(ctx context.Context, op string, fn func(tx *sqlx.Tx, tenantID string) error) error {
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return err
	}
	return r.transact(ctx, op, tc.TenantID(), func(tx *sqlx.Tx) error { return fn(tx, tc.TenantID()) })
}

// forTenant runs queries on behalf of the tenant in ctx.
func (r *Repository) forTenant(ctx context.Context, op string, fn func(q querier, tenantID string) error) error {
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return err
	}
	return r.retry(ctx, op, func() error {
		return r.dialect.read(ctx, r, tc.TenantID(), func(q querier) error { return fn(q, tc.TenantID()) })
	})
}

// forSystem runs queries that see every tenant.
func (r *Repository) forSystem(ctx context.Context, op string, fn func(q querier) error) error {
	return r.retry(ctx, op, func() error { return r.dialect.read(ctx, r, everyTenant, fn) })
}

// inSystem runs fn in a transaction that sees every tenant.
func (r *Repository) inSystem(ctx context.Context, op string, fn func(tx *sqlx.Tx) error) error {
	return r.transact(ctx, op, everyTenant, fn)
}

func (r *Repository) transact(ctx context.Context, op, tenantID string, fn func(tx *sqlx.Tx) error) error {
	return r.retry(ctx, op, func() error {
		return r.once(ctx, func(tx *sqlx.Tx) error {
			if err := r.dialect.enter(ctx, tx, tenantID); err != nil {
				return err
			}
			return fn(tx)
		})
	})
}

// once runs fn in one transaction.
func (r *Repository) once(ctx context.Context, fn func(tx *sqlx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	if r.turn != nil {
		select {
		case r.turn <- struct{}{}:
			defer func() { <-r.turn }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	tx, err := r.db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// retry repeats what the database undid by itself, and wraps what it failed at.
func (r *Repository) retry(ctx context.Context, op string, fn func() error) error {
	began := time.Now()
	for attempt := 1; ; attempt++ {
		err := fn()
		switch {
		case err == nil:
			return nil
		case isAnswer(err):
			return err
		case attempt < attempts && time.Since(began) < r.patience && r.dialect.temporary(err) && pause(ctx, attempt) == nil:
			continue
		}
		return &attachment.RepositoryError{Op: op, Err: err, Temporary: r.dialect.temporary(err)}
	}
}

// isAnswer tells what the caller asked for from what the database failed at.
func isAnswer(err error) bool {
	for _, answer := range answers() {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// get reads one row into dest, naming absence in the port's terms.
func get(ctx context.Context, q querier, dest any, absent error, query string, args ...any) error {
	err := q.GetContext(ctx, dest, q.Rebind(query), args...)
	if errors.Is(err, sql.ErrNoRows) {
		return absent
	}
	return err
}

// exec changes rows and says how many.
func exec(ctx context.Context, tx *sqlx.Tx, query string, args ...any) (int64, error) {
	result, err := tx.ExecContext(ctx, tx.Rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
