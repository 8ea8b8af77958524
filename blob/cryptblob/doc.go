// Package cryptblob encrypts blobs at rest, for backends that cannot.
//
//	keys, err := cryptblob.Derive(masters, tenantOf) // one key per tenant
//	store, err := cryptblob.New(inner, keys)
//
// # Format
//
// What lies in the inner store is an age file (https://age-encryption.org/v1):
// a header, then chunks of 64 KiB, each sealed with ChaCha20-Poly1305 under a
// file key that no other blob has. The header carries that file key, sealed
// with XChaCha20-Poly1305 under the key-encryption key that a [KeyProvider]
// hands out. age was chosen because it is maintained, its format is specified
// and reviewed, and it decrypts from the middle. minio/sio has no release since
// 2024 and takes no associated data; Tink does not seek in Go.
//
// # What is protected
//
// The bytes, their order and their number. Whoever changes, reorders, cuts or
// appends to them causes ErrCorrupt, also in a read of a range. The sealed file
// key is bound to the blob's key and to the name of the key-encryption key, so
// that a ciphertext copied to another blob's key does not open there.
//
// Not protected: that a blob exists, its key, its size (the ciphertext tells
// it), its content type and metadata. Its digest is stored sealed, because a
// digest in the clear tells who holds a file which known file it is. A backend
// that brings back an old ciphertext of the same key is not noticed either;
// keys are written once, so there should be none.
//
// # Keys
//
// A blob keeps the name of its key-encryption key in its metadata. To rotate,
// make a new key current and keep the old one for lookups as long as blobs
// need it.
//
// # Wrapping
//
// Compression goes outside, zstdblob over cryptblob over the backend, for
// ciphertext does not compress. The size of what was compressed tells something
// about it: do not compress where an attacker mixes text of his own into a
// secret and can see the sizes. Each blob is compressed alone, so one blob tells
// nothing of another.
//
// # Costs
//
// 16 bytes per 64 KiB, 195 bytes for the rest, and up to 181 bytes of the inner
// store's room for metadata. A whole read is one of the inner store; a read of
// a range is three, for header, end and range. Copy and SignURL are
// ErrUnsupported: the copy would be bound to the wrong key, and a signed URL
// would serve ciphertext.
package cryptblob
