package archive

import (
	"archive/tar"
	"bufio"
	"compress/bzip2"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// tarHead is how much must be seen to know whether a stream is a tar.
const tarHead = 512

// walkStream shows what a compressed stream holds: the members of the tar, if
// it is one, so that .tar.gz counts as one archive; else the one file.
func (w *walker) walkStream(ctx context.Context, inflated io.Reader) error {
	buf := bufio.NewReaderSize(w.inflated(ctx, inflated), 32<<10)
	head, err := buf.Peek(tarHead)
	if err != nil && !errors.Is(err, io.EOF) {
		return malformed(err)
	}
	if len(head) == tarHead && string(head[257:262]) == "ustar" {
		return w.walkTar(ctx, buf, func(r io.Reader) io.Reader { return r }) // counted as it was inflated
	}
	return w.show(ctx, Member{Size: -1}, buf)
}

func (w *walker) section() io.Reader { return io.NewSectionReader(w.r, 0, w.size) }

func walkGzip(ctx context.Context, w *walker) error {
	// RFC 1952: the last four bytes are the length, modulo 2³².
	var isize [4]byte
	if w.size >= 18 {
		if _, err := w.r.ReadAt(isize[:], w.size-4); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err := w.budget.claim(uint64(binary.LittleEndian.Uint32(isize[:]))); err != nil {
			return err
		}
	}
	z, err := gzip.NewReader(bufio.NewReader(w.section()))
	if err != nil {
		return malformed(err)
	}
	if z.Name != "" {
		// Some tools restore the name in the header, others derive one.
		if err := w.show(ctx, Member{Name: z.Name}, nil); err != nil {
			return err
		}
	}
	return w.walkStream(ctx, z)
}

func walkBzip2(ctx context.Context, w *walker) error {
	return w.walkStream(ctx, bzip2.NewReader(w.section()))
}

func walkZstd(ctx context.Context, w *walker) error {
	return w.withZstd(w.section(), func(r io.Reader) error { return w.walkStream(ctx, r) })
}

func walkTarFile(ctx context.Context, w *walker) error {
	count := func(r io.Reader) io.Reader { return w.inflated(ctx, r) }
	return w.walkTar(ctx, contextReader{ctx, w.section()}, count)
}

// walkTar shows the members of r; count wraps the bodies whose bytes nobody
// has counted yet.
func (w *walker) walkTar(ctx context.Context, r io.Reader, count func(io.Reader) io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, tar.ErrInsecurePath):
			return malformed(err)
		}
		if err := w.budget.claim(uint64(max(h.Size, 0))); err != nil {
			return err
		}
		m := Member{Name: h.Name, Size: h.Size}
		var body io.Reader
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
			body = count(t)
			if isSparse(h) {
				body = w.inflated(ctx, t) // holes come from nowhere
			}
		case tar.TypeDir:
			m.Dir = true
		case tar.TypeXGlobalHeader:
			continue
		default:
			m.Link = true
		}
		if err := w.show(ctx, m, body); err != nil {
			return err
		}
	}
}

func isSparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return h.Typeflag == tar.TypeGNUSparse
}
