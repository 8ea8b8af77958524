// Package attachmenthandler handles the attachments of e-mail inside workflow
// engines: it judges, deduplicates and stores them, has them scanned, and keeps
// the record. A host — a Go service that runs JSON workflows over its tenants'
// mailboxes — registers one node and wires its own parts into it.
//
// This package holds no code. Start here:
//
//   - [github.com/metabuilder/workflow-plugin-attachment-handler/attachment]:
//     the node attachment-handler, its JSON, the record, the repository port.
//   - [github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo]:
//     records in PostgreSQL and SQLite.
//   - [github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy]:
//     which attachments are taken.
//   - [github.com/metabuilder/workflow-plugin-attachment-handler/attachment/claimcheck]:
//     attachment bytes as references, for engines whose messages are small; the
//     nested module attachment/temporalnode is the node in Temporal.
//   - [github.com/metabuilder/workflow-plugin-attachment-handler/blob]: the port
//     for bytes; memblob, fsblob and s3blob implement it.
//   - [github.com/metabuilder/workflow-plugin-attachment-handler/scan]: scanners,
//     verdicts, and how pending ones are reached, in one process or, with the
//     nested module scan/riverqueue, in many.
//   - [github.com/metabuilder/workflow-plugin-attachment-handler/tenant]: on whose
//     behalf a call is made, and what keeps tenants apart.
//   - [github.com/metabuilder/workflow-plugin-attachment-handler/auth]: JWT and
//     RBAC middleware.
//   - [github.com/metabuilder/workflow-plugin-attachment-handler/examples/host]:
//     all of it wired together; examples/mailhost runs it in one process.
//
// # Laws
//
// Seven promises hold on every path; tests prove them.
//
//  1. Nothing dangles: a record never points to missing or different bytes.
//  2. Nothing leaks: every stored byte is referenced, or reclaimed within one
//     grace period, at a cost that grows with the orphans.
//  3. Replay is safe: the same node input gives the same attachment id and no
//     second record, blob or scan, after a crash at any step.
//  4. No zero tenant: no call works without a tenant, and no tenant reaches
//     another's content.
//  5. Clean needs proof: only a scanner that saw every byte says clean.
//  6. Unacknowledged means absent: before Commit nothing is visible, after it
//     the bytes are on disk.
//  7. Bad input costs little: a typed error with a stable code, nothing stored.
package attachmenthandler
