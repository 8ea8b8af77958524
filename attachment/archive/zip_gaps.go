package archive

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/zipdir"
)

// span is where a member lies: from its local header, whose length is not
// counted, on for as many bytes as it takes.
type span struct{ start, end int64 }

// checkGaps refuses a file in which members stand that its directory does not
// name, as when one archive follows another: some programs go by the last
// directory, others by the first, or by the headers as they come. spans are in
// order.
func (w *walker) checkGaps(ctx context.Context, dir *zipdir.Dir, spans []span) error {
	var room []byte
	from, program := int64(0), w.isProgram()
	for i := 0; i <= len(spans); i++ {
		to := dir.Start
		if i < len(spans) {
			to = spans[i].start
		}
		known := i == 0 && program // a self-extractor has the signatures that it looks for
		if gap := min(to-from, gapWindow); gap >= localLen && !known {
			if room == nil {
				room = make([]byte, gapWindow)
			}
			if w.hidesMember(room[:gap], from) {
				return ErrAmbiguous
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if i < len(spans) {
			from = spans[i].end + w.localHeader(spans[i].start)
		}
	}
	return nil
}

const (
	localSignature = "PK\x03\x04" // APPNOTE 4.3.7
	localLen       = 30

	// gapWindow is how far into a gap is looked. Between honest members there is
	// a descriptor of up to 24 bytes or nothing, rarely some padding.
	gapWindow = 64 << 10
)

// localHeader returns the length of the local header at offset at; 0 if there
// is none, which whoever reads the member will notice.
func (w *walker) localHeader(at int64) int64 {
	var header [localLen]byte
	if n, _ := w.r.ReadAt(header[:], at); n < localLen || string(header[:4]) != localSignature {
		return 0
	}
	return localLen + int64(binary.LittleEndian.Uint16(header[26:])) + int64(binary.LittleEndian.Uint16(header[28:]))
}

// hidesMember reports whether a local header stands in the gap at offset at. One
// without a name is padding, which Android's tools write so.
func (w *walker) hidesMember(gap []byte, at int64) bool {
	n, _ := w.r.ReadAt(gap, at)
	for gap = gap[:n]; ; {
		i := bytes.Index(gap, []byte(localSignature))
		if i < 0 || len(gap)-i < localLen {
			return false
		}
		if gap[i+26] != 0 || gap[i+27] != 0 {
			return true
		}
		gap = gap[i+len(localSignature):]
	}
}

// isProgram reports whether the file begins like a program.
func (w *walker) isProgram() bool {
	var head [4]byte
	_, _ = w.r.ReadAt(head[:], 0)
	return string(head[:2]) == "MZ" || string(head[:2]) == "#!" || string(head[:]) == "\x7fELF"
}
