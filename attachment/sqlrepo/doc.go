// Package sqlrepo is the attachment.Repository for PostgreSQL (lib/pq) and
// SQLite (modernc.org/sqlite), with the schema it needs.
//
// # Who lives here
//
//   - [NewPostgres], [NewSQLite]: the two dialects of one repository, over what
//     [OpenPostgres] and [OpenSQLite] open.
//   - [Repository.Migrate]: creates and upgrades the schema; the migrations are
//     embedded.
//
// # PostgreSQL
//
// Every statement names its tenant, but for the system's own, which concern all.
// Row-level security says so a second time:
// the policies compare tenant_id with the setting attachment.tenant_id, which
// each transaction sets for itself, so the library works as a role without
// BYPASSRLS, and a query that forgets the tenant finds nothing. Superusers
// bypass policies: give the host a role of its own.
//
// Begin and Finish are functions in the database, one round trip each.
// Attachments of one tenant that come at once share it, and its transaction,
// here as in SQLite.
//
// Open it with [OpenPostgres]: a server or a network that falls silent then
// holds nobody up for longer than the context, nor without one for longer than
// half a minute.
//
// # SQLite
//
// For one process on one machine. Open it with [OpenSQLite], which sets WAL,
// a busy timeout, foreign keys and immediate transactions.
package sqlrepo
