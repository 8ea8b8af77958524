// Package virustotal asks VirusTotal (API v3) what its engines say of a file.
//
// By default it only looks up the SHA-256: the bytes never leave the house. A
// hash that VirusTotal does not know is Unknown, not clean. Whether a tenant's
// files may be uploaded is for the host to say, tenant by tenant; what is
// uploaded can be read by VirusTotal's customers.
//
// It goes well in front of a scanner that reads the bytes:
//
//	scan.Chain(virustotal, clamd)
//
// # Who lives here
//
//   - [Scanner]: the scan.Scanner: lookup, and where allowed upload and poll.
//   - client.go: one request and what can come back. upload.go: the bytes out.
//   - verdict.go: what the numbers of the engines amount to.
//   - quota.go: the requests that an account may make per minute and day.
//
// API reference: https://docs.virustotal.com/reference/overview
package virustotal
