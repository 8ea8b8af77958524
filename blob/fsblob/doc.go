// Package fsblob keeps blobs as files under one folder of a local file system.
//
// # Layout
//
//	tmp/1790000000000000000-LHQ7…   a write that is not finished, named by when it began
//	00/ … ff/                       the 256 shards
//	3f/3fdb9c…                      one blob; the name is the SHA-256 of its key
//
// Names are hashes because keys are not file names: they may be longer, differ
// only in case, or mean a device on Windows. Everything goes through [os.Root],
// so no link planted in the folder leads out of it.
//
// # A blob's file
//
//	body | trailer: JSON | length of the JSON, its CRC-32C, 8 bytes "fsblob1\n"
//
// The trailer holds the key, size, digest, content type and metadata. Being in
// the same file, it appears in the same instant as the body; being at the end,
// it can hold the digest of a body that was streamed, and the body still goes
// to a socket by sendfile.
//
// # When it is safe
//
// Commit returns nil after these steps, in this order:
//
//  1. body and trailer are written to a file in tmp,
//  2. that file is synced,
//  3. it is linked into its shard, which fails if the name is taken,
//  4. its name in tmp is removed,
//  5. the shard is synced.
//
// After a crash before 3 there is a file in tmp and no blob; between 3 and 5
// there is a blob, whole, or none. Reclaim removes what is left in tmp.
//
// The file system must have hard links (ext4, XFS, Btrfs, ZFS, APFS, NTFS do)
// and must keep the promise of fsync. Several processes may share a folder. The
// folders in it must stay while a store is open; opening it makes them anew.
package fsblob
