package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// fileDataGUID begins every file embedded in a notebook ([MS-ONESTORE]
// 2.6.13).
const fileDataGUID = "\xE7\x16\xE3\xBD\x65\x26\x11\x45\xA4\xC4\x8D\x4D\x0B\x7A\x9E\xAC"

// walkOneNote shows the files embedded in a notebook section. A click on one
// opens it, whatever picture lies over it. The search passes over the bytes of
// each file it finds.
func walkOneNote(ctx context.Context, w *walker) error {
	const headerLen, step = 36, 64 << 10
	buf := make([]byte, step+headerLen)
	for at := int64(0); at < w.size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := w.r.ReadAt(buf, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		found := bytes.Index(buf[:n], []byte(fileDataGUID))
		switch {
		case found < 0:
			at += step
			continue
		case found+headerLen > n && n == len(buf):
			at += int64(found) // read again from here, to have the whole header
			continue
		case found+headerLen > n:
			return nil
		}
		length := binary.LittleEndian.Uint64(buf[found+16:])
		at += int64(found) + headerLen
		if length > uint64(w.size-at) {
			return fmt.Errorf("%w: embedded file is cut", ErrMalformed)
		}
		if err := w.show(ctx, Member{Size: int64(length)}, io.NewSectionReader(w.r, at, int64(length))); err != nil {
			return err
		}
		at += int64(length)
	}
	return nil
}
