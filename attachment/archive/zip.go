package archive

import (
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/zipdir"
)

// walkZip checks the whole directory first, then shows the members. A bomb is
// recognised before anything is inflated.
func walkZip(ctx context.Context, w *walker) error {
	dir, err := zipdir.Open(w.r, w.size)
	if err != nil {
		return zipError(err)
	}
	if err := w.checkZip(ctx, dir, nil); err != nil {
		return err
	}
	for e, err := range dir.Entries() {
		if err != nil {
			return zipError(err)
		}
		if err := w.showEntry(ctx, dir, &e); err != nil {
			return err
		}
	}
	return nil
}

func zipError(err error) error {
	if errors.Is(err, zipdir.ErrAmbiguous) {
		return ErrAmbiguous
	}
	if errors.Is(err, zipdir.ErrNotZip) || errors.Is(err, zipdir.ErrMalformed) {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return err
}

// checkZip adds up what the directory claims, and refuses members that share
// bytes: nobody packs so, but a small file that unpacks to petabytes does. each,
// if not nil, is shown every entry on the way.
func (w *walker) checkZip(ctx context.Context, dir *zipdir.Dir, each func(zipdir.Entry)) error {
	var spans []span
	for e, err := range dir.Entries() {
		switch {
		case err != nil:
			return zipError(err)
		case ctx.Err() != nil:
			return ctx.Err()
		case len(spans) >= w.budget.limits.Members:
			return ErrTooMany
		}
		if err := w.budget.claim(e.Uncompressed); err != nil {
			return err
		}
		if e.Compressed > uint64(w.size) {
			return fmt.Errorf("%w: a member larger than the file", ErrMalformed)
		}
		if each != nil {
			each(e)
		}
		spans = append(spans, span{e.Offset, e.Offset + int64(e.Compressed)})
	}
	slices.SortFunc(spans, func(a, b span) int { return int(min(1, max(-1, a.start-b.start))) })
	for i := 1; i < len(spans); i++ {
		if spans[i].start <= spans[i-1].start || spans[i].start < spans[i-1].end {
			return fmt.Errorf("%w: members overlap", ErrMalformed)
		}
	}
	return w.checkGaps(ctx, dir, spans)
}

func (w *walker) showEntry(ctx context.Context, dir *zipdir.Dir, e *zipdir.Entry) error {
	m := Member{Name: e.Name, Size: int64(min(e.Uncompressed, 1<<62)), Encrypted: e.Encrypted(), Dir: e.IsDir(), Link: e.IsSymlink()}
	data, err := dir.Data(e)
	if err != nil {
		return zipError(err)
	}
	if m.Encrypted || m.Dir || m.Link {
		return w.show(ctx, m, nil)
	}
	switch e.Method {
	case zipdir.Store:
		return w.show(ctx, m, data)
	case zipdir.Deflate:
		return w.show(ctx, m, w.inflated(ctx, w.inflate(data)))
	case 12: // APPNOTE 4.4.5: BZIP2
		return w.show(ctx, m, w.inflated(ctx, bzip2.NewReader(data)))
	case 93: // Zstandard
		return w.withZstd(data, func(r io.Reader) error {
			return w.show(ctx, m, w.inflated(ctx, r))
		})
	}
	return fmt.Errorf("%w: ZIP compression method %d", ErrUnsupported, e.Method)
}

// inflate reuses one decompressor for all members of an archive.
func (w *walker) inflate(data *io.SectionReader) io.Reader {
	if w.inflater == nil {
		w.inflater = w.budget.takeInflater()
	}
	w.inflater.Reset(data)
	return w.inflater
}

// maxWindow bounds what a decoder may allocate because its input says so.
const maxWindow = 8 << 20

func (w *walker) withZstd(r io.Reader, use func(io.Reader) error) error {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return malformed(err)
	}
	defer d.Close()
	return use(d)
}
