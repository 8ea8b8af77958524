package archive

import (
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// Methods of compression in 7z ("Methods.txt" of the 7-Zip SDK).
const (
	copyMethod    = 0x00
	lzma2Method   = 0x21
	lzmaMethod    = 0x030101
	deflateMethod = 0x040108
	bzip2Method   = 0x040202
	aesMethod     = 0x06F10701
)

// walk7z reads 7z ("7zFormat.txt", version 0.4). The Go packages for it allocate
// what a header asks for; this reader bounds dictionary, header and counts, and
// leaves out what only distorts a program's call targets (BCJ), for nobody here
// runs it.
func walk7z(ctx context.Context, w *walker) error {
	header, err := w.read7zHeader(ctx)
	if err != nil {
		return err
	}
	archive, err := parse7z(header, w.budget.limits.Members)
	if err != nil {
		return err
	}
	next := archive.streams() // content, in the order of the files that have any
	var unsupported error
	for _, f := range archive.files {
		m := Member{Name: f.name, Dir: f.dir, Link: f.link}
		if f.empty {
			var body io.Reader
			if !f.dir && !f.link {
				body = bytes.NewReader(nil)
			}
			if err := w.show(ctx, m, body); err != nil {
				return err
			}
			continue
		}
		s, ok := next()
		if !ok {
			return fmt.Errorf("%w: 7z has more files than streams", ErrMalformed)
		}
		if err := w.budget.claim(s.size); err != nil {
			return err
		}
		m.Size, m.Encrypted = int64(min(s.size, 1<<62)), s.folder.encrypted()
		body, err := s.folder.open(ctx, w, s.first)
		switch {
		case m.Encrypted || m.Link:
			err = w.show(ctx, m, nil)
		case errors.Is(err, ErrUnsupported):
			unsupported = err // the names shall be judged all the same
			err = w.show(ctx, m, nil)
		case err == nil:
			limited := io.LimitReader(body, m.Size)
			if err = w.show(ctx, m, limited); err == nil {
				_, err = io.Copy(io.Discard, limited) // to the next file in the folder
				err = malformed(err)
			}
		}
		if err != nil {
			return err
		}
	}
	return unsupported
}

// max7zHeader is far more than any honest list of files needs.
const max7zHeader = 16 << 20

// read7zHeader returns the list of files, which is compressed as a rule.
func (w *walker) read7zHeader(ctx context.Context) ([]byte, error) {
	const start = 32
	var signature [start]byte
	if _, err := io.ReadFull(io.NewSectionReader(w.r, 0, w.size), signature[:]); err != nil {
		return nil, malformed(err)
	}
	offset := binary.LittleEndian.Uint64(signature[12:])
	size := binary.LittleEndian.Uint64(signature[20:])
	switch {
	case size == 0:
		return []byte{idEnd}, nil // empty
	case size > max7zHeader, offset > uint64(w.size), size > uint64(w.size)-offset, start > uint64(w.size)-offset-size:
		return nil, fmt.Errorf("%w: 7z header lies outside the file", ErrMalformed)
	}
	header := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(w.r, int64(start+offset), int64(size)), header); err != nil {
		return nil, malformed(err)
	}
	if header[0] != idEncodedHeader {
		return header, nil
	}
	p := &parser7z{rest: header[1:], most: 16}
	streams := p.streamsInfo()
	if p.err != nil {
		return nil, p.err
	}
	if len(streams) != 1 || streams[0].unpackSize() > max7zHeader {
		return nil, fmt.Errorf("%w: 7z header", ErrMalformed)
	}
	if streams[0].encrypted() {
		return nil, fmt.Errorf("%w: 7z header", ErrEncrypted)
	}
	body, err := streams[0].open(ctx, w, true)
	if err != nil {
		return nil, err
	}
	decoded := make([]byte, streams[0].unpackSize())
	if _, err := io.ReadFull(body, decoded); err != nil {
		return nil, malformed(err)
	}
	return decoded, nil
}

// A folder is a run of files that were compressed together.
type folder struct {
	coders      []coder
	packed      []int // which input each packed stream feeds
	sizes       []uint64
	start, size int64    // of the first packed stream
	streams     []uint64 // the sizes of the files
	checked     bool     // has a checksum of its own

	reader io.Reader // open while its files are shown
}

type coder struct {
	method     uint64
	properties []byte
	in, out    int
}

func (f *folder) encrypted() bool {
	for _, c := range f.coders {
		if c.method == aesMethod {
			return true
		}
	}
	return false
}

// unpackSize is the largest output, which is that of the whole chain: filters
// keep lengths.
func (f *folder) unpackSize() uint64 {
	most := uint64(0)
	for _, n := range f.sizes {
		most = max(most, n)
	}
	return most
}

// open returns the content of the folder, from the start if first is set, else
// where the last file ended.
func (f *folder) open(ctx context.Context, w *walker, first bool) (io.Reader, error) {
	if !first && f.reader != nil {
		return f.reader, nil
	}
	if f.start < 0 || f.size < 0 || f.start > w.size || f.size > w.size-f.start {
		return nil, fmt.Errorf("%w: 7z stream lies outside the file", ErrMalformed)
	}
	var compression *coder
	for i, c := range f.coders {
		switch {
		case c.in != 1 || c.out != 1:
			return nil, fmt.Errorf("%w: 7z method %#x", ErrUnsupported, c.method)
		case isBranchFilter(c.method):
		case compression != nil:
			return nil, fmt.Errorf("%w: 7z with two compressions", ErrUnsupported)
		default:
			compression = &f.coders[i]
		}
	}
	in := io.NewSectionReader(w.r, f.start, f.size)
	out, err := compression.reader(in, f.unpackSize())
	if err != nil {
		return nil, err
	}
	f.reader = w.inflated(ctx, out)
	return f.reader, nil
}

// isBranchFilter tells the filters that only rewrite jump targets.
func isBranchFilter(method uint64) bool {
	switch method {
	case 0x03030103, 0x03030205, 0x03030401, 0x03030501, 0x03030701, 0x03030805, 4, 5, 6, 7, 8, 9, 0xA, 0xB:
		return true
	}
	return false
}

func (c *coder) reader(in io.Reader, size uint64) (io.Reader, error) {
	if c == nil {
		return in, nil // nothing but filters
	}
	switch c.method {
	case copyMethod:
		return in, nil
	case deflateMethod:
		return flate.NewReader(in), nil
	case bzip2Method:
		return bzip2.NewReader(in), nil
	case lzma2Method:
		if len(c.properties) != 1 {
			return nil, fmt.Errorf("%w: LZMA2 properties", ErrMalformed)
		}
		return lzma2Reader(in, c.properties[0])
	case lzmaMethod:
		if len(c.properties) != 5 {
			return nil, fmt.Errorf("%w: LZMA properties", ErrMalformed)
		}
		header := binary.LittleEndian.AppendUint64(bytes.Clone(c.properties), size)
		return lzmaReader(io.MultiReader(bytes.NewReader(header), in))
	}
	return nil, fmt.Errorf("%w: 7z method %#x", ErrUnsupported, c.method)
}

// lzmaReader decodes what begins with the header of an .lzma file.
func lzmaReader(in io.Reader) (io.Reader, error) {
	r, err := lzma.ReaderConfig{DictCap: maxDictionary}.NewReader(in)
	var tooLarge *lzma.ErrDictSize
	switch {
	case errors.As(err, &tooLarge):
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	case err != nil:
		return nil, malformed(err)
	}
	return r, nil
}
