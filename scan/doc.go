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
//
// # Writing a scanner
//
// One method. Begin with the suite; it hands over an EICAR test file, streams
// that break, servers that hang:
//
//	func TestConformance(t *testing.T) {
//		scantest.Run(t, func(t *testing.T) scantest.Harness {
//			return scantest.Harness{Scanner: mine.New(address, nil), Limit: 25 << 20, Hang: mine.New(hangingServer(t), nil)}
//		})
//	}
//
// What matters:
//
//   - Read obj.Open to the end, pass it on as it comes, close it. Result.Bytes is
//     what the engine was given.
//   - Clean only if the engine has said so of all of it. Cut, truncated, over a
//     limit, an answer you do not know: an [Error], or Unscannable if that will
//     never change. A file that the engine skipped is not clean.
//   - An answer by hash alone sets Result.ByHash.
//   - Error.Temporary and ErrUnavailable or ErrRateLimited mean an outage: it
//     costs the content no attempt. One that is not Temporary, such as ErrConfig
//     for a wrong key, ends in StatusError at once.
//   - Return soon after ctx is done, with no goroutine left. Bound every read of
//     an answer.
//   - Neither errors nor Result.Detail hold the engine's credentials.
//
// Package eicar is a whole one in a page, though it knows one file only; the
// example of [ScannerFunc] is one that answers by hash.
//
// What the host runs sits behind a [Guard], which believes no Clean that the
// bytes read do not support; the suite tests the scanner without one.
package scan
