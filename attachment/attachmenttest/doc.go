// Package attachmenttest proves implementations of attachment.Repository and
// brings one that needs no database.
//
// # Who lives here
//
//   - [Repository]: the whole port in memory, for hosts' unit tests.
//   - [RunRepository]: the conformance suite that memory, SQLite and
//     PostgreSQL pass.
package attachmenttest
