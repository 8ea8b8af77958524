package sqlrepo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func as(tenantID string) context.Context {
	return tenant.NewContext(context.Background(), tenant.User{Tenant: tenantID, ID: "user-1"})
}

func draft(tenantID string, n int) attachment.Draft {
	now, id, hash := time.Now().UTC(), uuid.NewString(), fmt.Sprintf("%064x", n)
	return attachment.Draft{
		Record: attachment.EmailAttachment{
			ID: uuid.NewString(), TenantID: tenantID, UserID: "user-1", MessageID: fmt.Sprintf("m%d", n%100),
			Filename: "a.txt", SafeFilename: "a.txt", ContentHash: hash,
			RetentionExpiresAt: now.Add(attachment.DefaultRetention), CreatedAt: now, UpdatedAt: now,
		},
		Content: attachment.Content{ID: id, TenantID: tenantID, SHA256: hash, StorageKey: "attachments/" + tenantID + "/" + id, Shared: true},
		Scan:    true,
	}
}

func store(t testing.TB, repo attachment.Repository, d attachment.Draft) {
	t.Helper()
	_, err := repo.Begin(as(d.Record.TenantID), d)
	require.NoError(t, err)
	_, err = repo.Finish(as(d.Record.TenantID), d)
	require.NoError(t, err)
}

// TestRowLevelSecurity speaks to the database past the library, as the role
// that the library works as: without the setting nothing is there, whatever
// the query.
func TestRowLevelSecurity(t *testing.T) {
	db := connect(t, startPostgres(t).database(t))
	repo := sqlrepo.NewPostgres(db)
	ours, theirs := draft("acme", 1), draft("globex", 1)
	store(t, repo, ours)
	store(t, repo, theirs)

	for _, table := range []string{"email_attachments", "attachment_contents"} {
		count := func(setting string) (n int) {
			tx := db.MustBegin()
			defer tx.Rollback()
			if setting != "" {
				tx.MustExec(`SELECT set_config('attachment.tenant_id', $1, true)`, setting)
			}
			require.NoError(t, tx.Get(&n, "SELECT count(*) FROM "+table))
			return n
		}
		require.Zero(t, count(""), table)
		require.Zero(t, count("initech"), table)
		require.Equal(t, 1, count("acme"), table)
		require.Equal(t, 2, count("*"), table)

		result, err := db.Exec("DELETE FROM " + table)
		require.NoError(t, err)
		n, err := result.RowsAffected()
		require.NoError(t, err)
		require.Zero(t, n, table)
	}
	tx := db.MustBegin()
	defer tx.Rollback()
	tx.MustExec(`SELECT set_config('attachment.tenant_id', 'acme', true)`)
	_, err := tx.Exec(`UPDATE email_attachments SET tenant_id = 'globex'`)
	require.ErrorContains(t, err, "row-level security")
}

// TestNoSequentialScans asks PostgreSQL how it would run the hot queries over
// a table that is large enough to tell.
func TestNoSequentialScans(t *testing.T) {
	pg := services.StartPostgres(t, false)
	url := pg.NewDatabase(t)
	db := connect(t, url)
	repo := sqlrepo.NewPostgres(db)
	require.NoError(t, repo.Migrate(t.Context()))
	fill(t, db, 20000)

	for name, query := range map[string]string{
		"record": `SELECT * FROM email_attachments r JOIN attachment_contents c ON c.tenant_id = r.tenant_id AND c.id = r.content
			WHERE r.tenant_id = 't1' AND r.id = '00000000-0000-0000-0000-000000000001'`,
		"by message": `SELECT * FROM email_attachments r JOIN attachment_contents c ON c.tenant_id = r.tenant_id AND c.id = r.content
			WHERE r.tenant_id = 't1' AND r.deleted_at IS NULL AND r.message_id = 'm7' ORDER BY r.position, r.created_at, r.id LIMIT 101`,
		"newest": `SELECT * FROM email_attachments r JOIN attachment_contents c ON c.tenant_id = r.tenant_id AND c.id = r.content
			WHERE r.tenant_id = 't1' AND r.deleted_at IS NULL ORDER BY r.created_at DESC, r.id DESC LIMIT 101`,
		"stored content":    `SELECT * FROM attachment_contents WHERE tenant_id = 't1' AND content_hash = 'x' AND shared AND state = 'stored' FOR UPDATE`,
		"intent":            `SELECT * FROM attachment_contents WHERE tenant_id = 't1' AND content_hash = 'x' AND state = 'storing' AND (shared AND true OR record_id = '00000000-0000-0000-0000-000000000001')`,
		"due scans":         `SELECT * FROM attachment_contents WHERE scan_due <= now() AND state = 'stored' AND (scan_lease IS NULL OR scan_lease <= now()) ORDER BY scan_due, id LIMIT 100`,
		"retention":         `SELECT * FROM email_attachments WHERE NOT legal_hold AND retention_expires_at <= now() LIMIT 200`,
		"deleted":           `SELECT * FROM email_attachments WHERE NOT legal_hold AND deleted_at < now() LIMIT 200`,
		"retention, purge":  `SELECT tenant_id, id, content FROM email_attachments WHERE NOT legal_hold AND (retention_expires_at <= now() OR deleted_at < now()) ORDER BY tenant_id, content, id LIMIT 200 FOR UPDATE SKIP LOCKED`,
		"garbage":           `SELECT * FROM attachment_contents WHERE (state = 'deleting' OR state = 'storing' AND updated_at < now()) AND (garbage_lease IS NULL OR garbage_lease <= now()) ORDER BY updated_at LIMIT 200 FOR UPDATE SKIP LOCKED`,
		"known keys":        `SELECT storage_key FROM attachment_contents WHERE tenant_id = 't1' AND storage_key IN ('a', 'b')`,
		"records of a blob": `SELECT * FROM email_attachments WHERE tenant_id = 't1' AND content = '00000000-0000-0000-0000-000000000001'`,
	} {
		t.Run(name, func(t *testing.T) {
			var plan []string
			require.NoError(t, db.Select(&plan, "EXPLAIN "+query))
			require.NotContains(t, strings.Join(plan, "\n"), "Seq Scan")
		})
	}
}

// TestNewTables counts the rows that a tenant's thousandth attachment makes
// PostgreSQL read, in tables of which it has no statistics yet: as few as the
// first. EXPLAIN cannot tell, for the functions keep the plans that they made
// when the tables were empty.
func TestNewTables(t *testing.T) {
	db := connect(t, startPostgres(t).database(t))
	db.SetMaxOpenConns(1) // statistics, and the plans of functions, belong to a connection
	repo := sqlrepo.NewPostgres(db)
	total := func() (rows int) {
		db.MustExec(`SELECT pg_stat_force_next_flush()`)
		require.NoError(t, db.Get(&rows, `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables`))
		return rows
	}
	read := func(do func()) (rows int) {
		before := total()
		do()
		return total() - before
	}
	for n := range 1000 {
		store(t, repo, draft("acme", n))
	}
	fresh, duplicate, busy := draft("acme", 1000), draft("acme", 1), draft("acme", 1001)
	require.LessOrEqual(t, read(func() { store(t, repo, fresh) }), 3, "a fresh attachment")
	require.LessOrEqual(t, read(func() { store(t, repo, fresh) }), 6, "a replay")
	require.LessOrEqual(t, read(func() {
		begun, err := repo.Begin(as("acme"), duplicate)
		require.NoError(t, err)
		require.Equal(t, attachment.Attached, begun.Outcome)
	}), 4, "a duplicate")
	require.LessOrEqual(t, read(func() {
		for range 2 {
			_, err := repo.Begin(as("acme"), busy)
			require.NoError(t, err)
		}
	}), 3, "one that somebody else is storing")
}

// fill bulk-loads records with a content each, over ten tenants.
func fill(t testing.TB, db *sqlx.DB, records int) {
	t.Helper()
	tx := db.MustBegin()
	tx.MustExec(`SELECT set_config('attachment.tenant_id', '*', true)`)
	tx.MustExec(`INSERT INTO attachment_contents (tenant_id, id, record_id, content_hash, size, storage_key, backend, shared, state, refs,
			safe_filename, mime_type, scan_status, scanned_at, created_at, updated_at)
		SELECT 't' || n % 10, md5('c' || n)::uuid, md5('r' || n)::uuid, md5('a' || n) || md5('b' || n), 100000, 'attachments/t' || n % 10 || '/' || n, 'fs', true, 'stored', 1,
			'a.pdf', 'application/pdf', 'clean', now(), now() - n * interval '1 second', now()
		FROM generate_series(1, $1) n`, records)
	tx.MustExec(`INSERT INTO email_attachments (tenant_id, id, user_id, message_id, filename, safe_filename, mime_type, declared_mime_type,
			size, content_id, is_inline, position, is_deduplicated, content, retention_expires_at, created_at, updated_at)
		SELECT 't' || n % 10, md5('r' || n)::uuid, 'u', 'm' || n / 50, 'a.pdf', 'a.pdf', 'application/pdf', 'application/pdf',
			100000, '', false, 0, false, md5('c' || n)::uuid, now() + interval '90 days', now() - n * interval '1 second', now()
		FROM generate_series(1, $1) n`, records)
	require.NoError(t, tx.Commit())
	db.MustExec("ANALYZE")
}

// TestOutage stops the server under the library: a clear, retryable error, and
// work goes on when it is back.
func TestOutage(t *testing.T) {
	pg := startPostgres(t)
	repo := pg.open(t)
	d := draft("acme", 1)
	store(t, repo, d)
	pg.Kill()

	ctx, cancel := context.WithTimeout(as("acme"), 5*time.Second)
	defer cancel()
	_, err := repo.Get(ctx, d.Record.ID)
	var failure *attachment.RepositoryError
	require.True(t, errors.As(err, &failure), err)
	require.True(t, failure.Temporary)
	require.Equal(t, attachment.CodeDatabase, attachment.AsError(err).Code)
	require.True(t, attachment.AsError(err).Retryable)
}
