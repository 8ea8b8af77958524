// Package zstdblob compresses blobs whose content type promises that it pays.
//
//	store, err := zstdblob.New(inner, nil)
//
// Text, mail, JSON, XML and the office formats that are not zip files go
// through Zstandard (RFC 8878). Everything else, and so all that is compressed
// already, passes untouched: the Writer and Reader are those of the store
// inside.
//
// # Format
//
// A compressed blob is one Zstandard frame, with a checksum, and a skippable
// frame that holds the size and the SHA-256 of the content: `zstd -d` reads it.
// The metadata entry "zstd-size" marks it; its value is the size if
// WriteOptions announced it, and otherwise "unknown", and then the last frame
// is asked, at the price of one more read.
//
// # Costs
//
// A read of a range decodes from the beginning and skips: it costs as much as
// a read from the beginning to the end of the range. SignURL is ErrUnsupported,
// for the backend would serve the compressed bytes. List asks for each blob
// where the store inside lists without content types, as S3 does. A Writer
// holds about 4 MiB, a Reader about 1.
//
// Decoding stops at the recorded size, so that a bomb that somebody put into
// the backend costs no more than the blob it replaces; windows above 1 MiB,
// which the store does not write, are refused.
//
// # Wrapping
//
// Over encryption, not under it: see package cryptblob, also for what the size
// of compressed text can give away.
package zstdblob
