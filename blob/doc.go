// Package blob is the port between the attachment handler and whatever keeps
// the bytes: a small [Store] interface, its [Writer], keys, errors, and the
// signer that turns a key into a link with an end date.
//
// # The two promises
//
// Before Commit returns, nothing is visible under the key. After Commit has
// returned nil, the bytes survive a power cut, as far as the backend can
// promise that at all.
//
// # Who lives here
//
//   - [Store], [Writer], [Reader]: the port.
//   - [Statter], [Lister], [URLSigner], [Copier] and [Reclaimer]: what a
//     backend may offer besides; [As] finds them behind wrappers.
//   - [Digester] and [Staged]: the same for a Writer, found by [AsWriter].
//   - [LinkSigner]: HMAC-signed links.
//
// Backends: memblob (tests, demos), fsblob (one machine), s3blob (S3 and
// compatibles). Write your own and prove it with blobtest.Run.
//
// Wrappers, for any of them: cryptblob (encryption at rest) and zstdblob
// (compression), which goes around the former.
package blob
