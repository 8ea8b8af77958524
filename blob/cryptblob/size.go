package cryptblob

import (
	"fmt"
	"math"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// The layout of what lies in the inner store. age's header is as long for
// every blob, since what it holds is.
const (
	headerSize  = 22 + int64(3+len(stanzaType)+1) + (64 + 1 + 11 + 1) + (4 + 43 + 1) // lines: intro, stanza, its body in two, MAC
	nonceSize   = 16
	chunkSize   = 64 << 10
	tagSize     = 16
	sealedChunk = chunkSize + tagSize
)

// sealedSize is the size of plain bytes once encrypted. Nothing at all is one
// empty chunk.
func sealedSize(plain int64) int64 {
	chunks := max(1, plain/chunkSize+min(1, plain%chunkSize))
	return headerSize + nonceSize + plain + chunks*tagSize
}

// endOfChunk is where in the ciphertext the chunk ends that holds the last of
// the first plain bytes, if the blob goes on that far.
func endOfChunk(plain int64) int64 {
	chunks := plain/chunkSize + min(1, plain%chunkSize)
	return headerSize + nonceSize + chunks*sealedChunk
}

// maxPlain is the largest size whose sealedSize an int64 holds.
const maxPlain = math.MaxInt64/sealedChunk*chunkSize - sealedChunk

// plainSize is the inverse of sealedSize. It fails for a size that no blob can
// have.
func plainSize(sealed int64) (int64, error) {
	payload := sealed - headerSize - nonceSize
	if payload < tagSize {
		return 0, fmt.Errorf("%w: %d bytes are too few", blob.ErrCorrupt, sealed)
	}
	chunks := payload/sealedChunk + min(1, payload%sealedChunk)
	plain := payload - chunks*tagSize
	if plain < 0 || sealedSize(plain) != sealed {
		return 0, fmt.Errorf("%w: %d bytes are no whole number of chunks", blob.ErrCorrupt, sealed)
	}
	return plain, nil
}
