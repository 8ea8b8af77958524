// Package riverqueue puts scan jobs into River, a job queue that lives in the
// host's PostgreSQL, so that many processes on many machines share the work.
// It is a module of its own: a host that does without River does not depend on
// it. River is MPL-2.0.
//
//	handler ─► Queue ─► table river_job ─► Worker ─► scan.Worker ─► ledger
//	              ▲                                                   │
//	              └───────────────── scan.Reconciler ◄── still due ───┘
//
// # Who lives here
//
//   - [Queue]: a scan.Queue. One content waits once, however often it is
//     enqueued.
//   - [Worker]: the river.Worker, which leaves the scan to a scan.Worker and
//     tells River how it ended.
//   - [Args]: what a job carries, which is two names.
//   - [Migrate]: creates River's tables.
//
// The client is the host's: it picks the driver, starts and stops it. Nothing
// runs before that. With riverpgxv5 a job starts within milliseconds, for River
// listens; with riverdatabasesql, over lib/pq, River polls once a second.
//
// # What River decides
//
// Jobs of one priority run in the order in which they came, over all tenants:
// River knows nothing of tenants, and a tenant with 10,000 files delays the
// others until a worker is free. A host that minds gives large imports a low
// scan.Job.Priority or a [Queue] with another name, or uses scan.Pool. River
// serves priorities strictly.
//
// Operators may cancel or delete jobs in River. That cancels no scan: the
// ledger still says pending, and the Reconciler enqueues it again. River's
// tables know no row-level security: they name the tenants and contents that
// were lately scanned, so let no tenant's role read them.
//
// # What a crash leaves
//
// The job of a process that died stays running in River until its rescuer comes
// by, after an hour unless the host says otherwise. Attachments do not wait for
// that: once the dead worker's lease is over, a scan.Reconciler enqueues the
// content again, and Queue adds a job that replaces the lost one. Run a
// Reconciler in at least one process.
package riverqueue
