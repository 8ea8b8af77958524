// Package scan decides whether attachments are safe to hand out, and never
// says so without proof.
//
// The zero [Verdict] is Unknown. Only a scanner that saw every byte of an
// object may answer Clean; one that is down, cut short, over its limit or
// unsure answers anything else, or an error. [Guard] holds every scanner to
// that.
//
// # Who lives here
//
//   - [Scanner]: the port. clamd and virustotal implement it, eicar is for
//     demonstrations; scantest.Run proves an implementation.
//   - [Chain], [All], [Cached], [Timeout], [Limit]: scanners made of scanners.
//   - [Policy]: what is scanned, and which statuses are served.
//   - [Queue], [Ledger], [Worker], [Pool], [Reconciler]: how pending objects
//     get their verdict. The ledger (the database) holds the truth; a queue
//     only makes it fast.
package scan
