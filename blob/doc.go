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
// compatibles).
//
// Wrappers, for any of them: cryptblob (encryption at rest) and zstdblob
// (compression), which goes around the former.
//
// # Writing a store
//
// Three methods and a Writer. Begin with the suite, and let it lead:
//
//	func TestConformance(t *testing.T) {
//		blobtest.Run(t, func(t *testing.T) blob.Store { return mystore.New(t.TempDir()) })
//	}
//
// What matters:
//
//   - Create: [ValidateKey], then [WriteOptions.Resolve], then write where
//     nobody looks: a temporary name, a multipart upload, a row not committed.
//     The Writer outlives the ctx of Create.
//   - Commit: [WriteOptions.Verify] first, then make the bytes durable, then
//     publish in one step that fails if the key is taken (link, If-None-Match,
//     a unique index). Checking beforehand is not enough: 64 writers race in
//     the suite, and one wins.
//   - Abort: clean up with context.WithoutCancel, for the caller may be gone.
//   - Open: [CutRange] cuts the range. A body that ends early is an error, never
//     io.EOF.
//   - Delete: an absent key is nil.
//   - Errors are [*Error], Temporary where the same call may succeed later. Wrap
//     the backend's error only if its text holds no URL with a signature and no
//     credentials.
//
// Offer the optional interfaces that the backend has: [Reclaimer] if a crash can
// leave anything behind, [Lister] for audits and erasure proofs, [Digester] and
// [Staged] if the Writer hashes or can be read back. A wrapper that keeps keys
// and bytes as they are needs Unwrap instead. Where several instances share one
// backend, blobtest.RunIsolation proves that they stay apart, and
// blobtest.Faulty breaks what is built on top.
//
// # Moving to another store
//
// Every content is recorded with the name of the store it was put into, and its
// key is the same in any. So a move takes no downtime: give the handler a store
// that creates in the new one, opens from the new one and, on [ErrNotFound], from
// the old, deletes from both, and lists both, for audits and erasures. Copy the
// old blobs at leisure, then give the handler the new store alone. The example
// Moving is such a store, with the loop that copies. Run Audit at the end: a blob
// deleted while it was copied may have come back.
package blob
