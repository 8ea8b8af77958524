package zstdblob

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// A trailer is a skippable frame (RFC 8878, section 3.1.2) at the end of a
// compressed blob: what the content is, in case nobody knew when its metadata
// was written.
const (
	trailerMagic   = 0x184D2A5A
	trailerPayload = 8 + 32 // size, little-endian; SHA-256
	trailerSize    = 8 + trailerPayload
)

func trailer(size int64, sha256 []byte) []byte {
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, trailerSize), trailerMagic)
	b = binary.LittleEndian.AppendUint32(b, trailerPayload)
	b = binary.LittleEndian.AppendUint64(b, uint64(size))
	return append(b, sha256...)
}

func parseTrailer(b []byte) (size int64, sha256 string, err error) {
	if len(b) != trailerSize || binary.LittleEndian.Uint32(b) != trailerMagic || binary.LittleEndian.Uint32(b[4:]) != trailerPayload {
		return 0, "", fmt.Errorf("%w: no trailer", blob.ErrCorrupt)
	}
	if size = int64(binary.LittleEndian.Uint64(b[8:])); size < 0 {
		return 0, "", fmt.Errorf("%w: size %d", blob.ErrCorrupt, size)
	}
	return size, hex.EncodeToString(b[16:]), nil
}

func compressed(stored blob.Info) bool { return stored.Metadata[metaSize] != "" }

// describe turns what the store inside says of a blob into what it was before
// compression.
func (s *Store) describe(ctx context.Context, stored blob.Info) (blob.Info, error) {
	if !compressed(stored) {
		return stored, nil
	}
	info, announced := withoutOwn(stored), stored.Metadata[metaSize]
	info.SHA256 = stored.Metadata[metaDigest]
	var err error
	if announced == unknownSize {
		info.Size, info.SHA256, err = s.readTrailer(ctx, stored)
	} else if info.Size, err = strconv.ParseInt(announced, 10, 64); err != nil || info.Size < 0 {
		err = fmt.Errorf("%w: size %.20q", blob.ErrCorrupt, announced)
	}
	return info, err
}

// withoutOwn is info without what is stored for the store itself.
func withoutOwn(info blob.Info) blob.Info {
	info.Metadata = maps.Clone(info.Metadata)
	maps.DeleteFunc(info.Metadata, func(k, _ string) bool { return strings.HasPrefix(k, metaPrefix) })
	return info
}

func (s *Store) readTrailer(ctx context.Context, stored blob.Info) (size int64, sha256 string, err error) {
	if stored.Size < trailerSize {
		return 0, "", fmt.Errorf("%w: %d bytes are too few", blob.ErrCorrupt, stored.Size)
	}
	r, err := s.inner.Open(ctx, stored.Key, stored.Size-trailerSize, trailerSize)
	if err != nil {
		return 0, "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return 0, "", err
	}
	return parseTrailer(b)
}
