// Package scantest proves scanners and ledgers, and replaces them in tests.
//
// # Who lives here
//
//   - [Run]: what every scan.Scanner must do, as subtests.
//   - [RunLedger]: what every scan.Ledger must do.
//   - [Fake]: a scanner that follows a script.
//   - [Ledger]: a real ledger in memory.
//   - [NewObject] and its kin: objects whole and broken.
package scantest
