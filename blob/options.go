package blob

import (
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
)

// DefaultContentType is what a blob is stored as when nobody says otherwise.
const DefaultContentType = "application/octet-stream"

// Limits on what is stored beside the bytes; S3 sets the first.
const (
	MaxMetadataBytes    = 2048
	MaxContentTypeBytes = 255
)

// PortableMetadataBytes of metadata fit into every store, also with wrappers
// around it. Stores and wrappers keep entries of their own in the rest, so
// that more than this may be ErrInvalidOptions with one store and not with
// another.
const PortableMetadataBytes = 1024

// WriteOptions says what a caller knows about a blob before writing it.
type WriteOptions struct {
	// ContentType is stored beside the bytes: printable ASCII, at most 255
	// bytes. Defaults to DefaultContentType.
	ContentType string

	// Size is the exact number of bytes to come; Commit fails with
	// ErrMismatch if another number was written. Defaults to 0: unknown.
	Size int64

	// SHA256 is the digest the bytes must have, in lower-case hex; Commit
	// fails with ErrMismatch if they have another. Defaults to "": unknown.
	SHA256 string

	// Hashed says that the caller computed SHA256 from the very bytes that it
	// will write, Size of them and not none, so that a store need not do it
	// again. A Digester may then answer with it from the beginning. Defaults to
	// false: SHA256 is what somebody claims.
	Hashed bool

	// Metadata is stored beside the bytes: at most 2 KiB in all, of which
	// every store takes PortableMetadataBytes; keys of [a-z0-9-], values of
	// printable ASCII, not empty and with no space at either end, since it may
	// have to travel as HTTP headers. Defaults to none.
	Metadata map[string]string
}

// Resolve returns a copy of o with the defaults filled in, or an error that
// matches ErrInvalidOptions. Stores call it from Create; o may be nil.
func (o *WriteOptions) Resolve() (WriteOptions, error) {
	if o == nil {
		return WriteOptions{ContentType: DefaultContentType}, nil
	}
	r := *o
	if r.ContentType == "" {
		r.ContentType = DefaultContentType
	}
	switch {
	case len(r.ContentType) > MaxContentTypeBytes || !headerValue(r.ContentType):
		return WriteOptions{}, fmt.Errorf("%w: content type %.40q", ErrInvalidOptions, r.ContentType)
	case r.Size < 0:
		return WriteOptions{}, fmt.Errorf("%w: size %d", ErrInvalidOptions, r.Size)
	case r.SHA256 != "" && !digest(r.SHA256):
		return WriteOptions{}, fmt.Errorf("%w: SHA-256 %.70q", ErrInvalidOptions, r.SHA256)
	case r.Hashed && (r.SHA256 == "" || r.Size == 0):
		return WriteOptions{}, fmt.Errorf("%w: hashed, but digest or size are missing", ErrInvalidOptions)
	}
	total := 0
	for k, v := range r.Metadata {
		if !metadataKey(k) || !headerValue(v) {
			return WriteOptions{}, fmt.Errorf("%w: metadata %.40q", ErrInvalidOptions, k)
		}
		total += len(k) + len(v)
	}
	if total > MaxMetadataBytes {
		return WriteOptions{}, fmt.Errorf("%w: %d bytes of metadata, more than %d", ErrInvalidOptions, total, MaxMetadataBytes)
	}
	r.Metadata = nil
	if total > 0 {
		r.Metadata = maps.Clone(o.Metadata)
	}
	return r, nil
}

// Verify compares what was written with what o announced; the error matches
// ErrMismatch. Stores call it from Commit. An empty sha256 is not compared: a
// store that let the backend verify it passes none.
func (o *WriteOptions) Verify(size int64, sha256 string) error {
	switch {
	case o.Size > 0 && size != o.Size:
		return fmt.Errorf("%w: %d bytes, %d announced", ErrMismatch, size, o.Size)
	case o.SHA256 != "" && sha256 != "" && sha256 != o.SHA256:
		return fmt.Errorf("%w: SHA-256 %s, %s announced", ErrMismatch, sha256, o.SHA256)
	}
	return nil
}

func digest(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 64 && s == strings.ToLower(s)
}

func metadataKey(k string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-"
	return k != "" && strings.Trim(k, allowed) == "" // a strange character inside stops Trim
}

func headerValue(v string) bool {
	for _, c := range []byte(v) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return v != "" && v == strings.TrimSpace(v)
}
