package archive

import (
	"context"

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
		if gap := min(to-from, gapWindow); gap >= zipdir.LocalLen && !known {
			if room == nil {
				room = make([]byte, gapWindow)
			}
			n, _ := w.r.ReadAt(room[:gap], from)
			if zipdir.HasMember(room[:n]) {
				return ErrAmbiguous
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if i < len(spans) {
			from = spans[i].end + dir.LocalHeader(spans[i].start)
		}
	}
	return nil
}

// gapWindow is how far into a gap is looked. Between honest members there is a
// descriptor of up to 24 bytes or nothing, rarely some padding.
const gapWindow = 64 << 10

// isProgram reports whether the file begins like a program.
func (w *walker) isProgram() bool {
	var head [4]byte
	_, _ = w.r.ReadAt(head[:], 0)
	return string(head[:2]) == "MZ" || string(head[:2]) == "#!" || string(head[:]) == "\x7fELF"
}
