package fsblob

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

const (
	magic      = "fsblob1\n"
	footerSize = 4 + 4 + len(magic)

	// maxTrailer is more than the longest key and metadata take, escaped.
	maxTrailer = 64 << 10

	// tailSize is what Open reads at once: the whole trailer, nearly always.
	tailSize = 1 << 10
)

// trailer is the JSON at the end of a blob's file.
type trailer struct {
	Key         string            `json:"key"`
	Size        int64             `json:"size"`
	SHA256      string            `json:"sha256"`
	ContentType string            `json:"contentType"`
	ModTime     time.Time         `json:"modTime"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

// appendTrailer appends to p what follows the body of a blob.
func appendTrailer(p []byte, info blob.Info) ([]byte, error) {
	text, err := json.Marshal(trailer{info.Key, info.Size, info.SHA256, info.ContentType, info.ModTime, info.Metadata})
	if err != nil {
		return nil, err
	}
	p = append(p, text...)
	p = binary.BigEndian.AppendUint32(p, uint32(len(text)))
	p = binary.BigEndian.AppendUint32(p, checksum(text))
	return append(p, magic...), nil
}

// readTrailer reads the description of the blob in a file of size bytes. One
// that is cut short or damaged at its end is ErrCorrupt.
func readTrailer(f io.ReaderAt, size int64) (blob.Info, error) {
	tail, err := readTail(f, size, tailSize)
	if err != nil {
		return blob.Info{}, err
	}
	if len(tail) < footerSize || string(tail[len(tail)-len(magic):]) != magic {
		return blob.Info{}, corrupt("does not end like a blob")
	}
	footer := tail[len(tail)-footerSize:]
	want := int64(binary.BigEndian.Uint32(footer)) + int64(footerSize)
	if want > maxTrailer || want > size {
		return blob.Info{}, corrupt("trailer of %d bytes", want)
	}
	if want > int64(len(tail)) {
		if tail, err = readTail(f, size, want); err != nil {
			return blob.Info{}, err
		}
	}
	text := tail[int64(len(tail))-want : len(tail)-footerSize]
	if checksum(text) != binary.BigEndian.Uint32(footer[4:]) {
		return blob.Info{}, corrupt("checksum of the trailer differs")
	}
	var t trailer
	if err := json.Unmarshal(text, &t); err != nil {
		return blob.Info{}, corrupt("%v", err)
	}
	if t.Size != size-want {
		return blob.Info{}, corrupt("%d bytes, %d in its trailer", size-want, t.Size)
	}
	return blob.Info{
		Key: t.Key, Size: t.Size, SHA256: t.SHA256, ContentType: t.ContentType, ModTime: t.ModTime, Metadata: t.Metadata,
	}, nil
}

// readTail returns the last n bytes, or the whole file if it has fewer.
func readTail(f io.ReaderAt, size, n int64) ([]byte, error) {
	tail := make([]byte, min(size, n))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return nil, err
	}
	return tail, nil
}

func checksum(p []byte) uint32 { return crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)) }

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{blob.ErrCorrupt}, args...)...)
}
