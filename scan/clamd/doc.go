// Package clamd scans with ClamAV's daemon, over TCP, TLS or a unix socket.
//
// The object is streamed (INSTREAM) in bounded memory; nothing is written to
// disk here. Only the reply "stream: OK" to an object that was sent whole, to
// its end mark, is clean. Everything else that can go wrong on the way is an
// error.
//
// # Set clamd up
//
// clamd's own defaults let things pass. In clamd.conf:
//
//	AlertExceedsMax yes    # else what exceeds a limit (size, depth, time) is OK
//	AlertEncrypted yes     # else an encrypted archive is OK
//	StreamMaxLength 50M    # at least Options.MaxStreamSize
//	MaxFileSize     50M    # likewise
//	MaxScanSize    200M    # some times that: archives are unpacked
//	MaxScanTime   120000   # in ms; past it AlertExceedsMax speaks up
//
// [Scanner.SelfTest] tries a server out and reports what it would let pass.
//
// # Who lives here
//
//   - [Scanner]: the scan.Scanner, with failover between servers.
//   - instream.go: one object on one connection. reply.go: what clamd says,
//     and what it means.
//   - server.go: one clamd: its connections, its version, its health.
//   - selftest.go, probes.go: the self-test and the files that it sends.
package clamd
