package pdfscan

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/ascii85"
	"errors"
	"io"
)

// filters returns how a stream is encoded, outermost first (7.4); false if not
// everything about it is plain to see.
func filters(d dict) ([]name, bool) {
	encodings := append(d.all("Filter"), d.all("F")...) // F: Filter in inline images, or bytes kept elsewhere
	if len(encodings) == 0 {
		return nil, true
	}
	if len(encodings) > 1 {
		return nil, false
	}
	switch v := encodings[0].(type) {
	case name:
		return []name{v}, true
	case list:
		var all []name
		for _, e := range v {
			n, ok := e.(name)
			if !ok {
				return nil, false
			}
			all = append(all, n)
		}
		return all, true
	case word:
		return nil, v == "null"
	}
	return nil, false
}

// maxFilters is more than any program chains.
const maxFilters = 5

// decodable reports whether decode can read what d describes.
func decodable(d dict) bool {
	all, ok := filters(d)
	if !ok || len(all) > maxFilters {
		return false
	}
	for _, f := range all {
		switch f {
		case "FlateDecode", "Fl", "ASCIIHexDecode", "AHx", "ASCII85Decode", "A85":
		default:
			return false
		}
	}
	for _, key := range [...]name{"DecodeParms", "DP"} {
		for _, v := range d.all(key) {
			if predicts(v) {
				return false
			}
		}
	}
	return true
}

// predicts reports whether v, decode parameters, ask for a predictor (7.4.4.4),
// which makes sense for pictures only.
func predicts(v any) bool {
	switch v := v.(type) {
	case list:
		for _, e := range v {
			if predicts(e) {
				return true
			}
		}
	case dict:
		for _, p := range v.all("Predictor") {
			if p != int64(1) {
				return true
			}
		}
	case ref:
		return true
	}
	return false
}

// decode reads the stream of o, which is decodable. Where the encoding is
// malformed the content ends, as it does in the programs that show PDFs.
func (s *scanner) decode(o *object, k *key, m method) io.Reader {
	all, _ := filters(o.dict())
	r := k.reader(m, o, s.stream(o, all))
	for i, f := range all {
		switch f {
		case "FlateDecode", "Fl":
			r = s.inflate(i, r)
		case "ASCIIHexDecode", "AHx":
			r = &hexReader{in: bufio.NewReader(r)}
		default:
			r = ascii85.NewDecoder(&untilTilde{r: r})
		}
		r = s.tracked(s.count(lenient{r, s}))
	}
	if len(all) == 0 {
		return s.count(r)
	}
	return r
}

// stream returns the encoded bytes of o.
func (s *scanner) stream(o *object, encoding []name) io.Reader {
	rest := s.size - o.body
	if length, ok := o.dict().one("Length").(int64); ok && length >= 0 && length <= rest && s.endsStream(o.body+length) {
		rest = length
	} else if len(encoding) == 0 {
		rest = s.findEnd(o.body)
	} // else the encoding has an end of its own
	return s.tracked(io.NewSectionReader(s.r, o.body, rest))
}

// endsStream reports whether "endstream" stands at offset at, after blanks.
func (s *scanner) endsStream(at int64) bool {
	var b [24]byte
	n, _ := s.r.ReadAt(b[:], at)
	return bytes.HasPrefix(bytes.TrimLeft(b[:n], " \r\n\t"), []byte("endstream"))
}

// findEnd returns how many bytes there are from offset at to "endstream", or to
// the end of the file.
func (s *scanner) findEnd(at int64) int64 {
	const mark = "endstream"
	buf := make([]byte, windowBytes)
	for base := at; base < s.size; base += windowBytes - int64(len(mark)) {
		n, _ := s.r.ReadAt(buf[:min(windowBytes, s.size-base)], base)
		if i := bytes.Index(buf[:n], []byte(mark)); i >= 0 {
			return base + int64(i) - at
		}
		if n == 0 || s.spend(n) != nil {
			break
		}
	}
	return s.size - at
}

// tracked remembers why r failed.
func (s *scanner) tracked(r io.Reader) io.Reader { return tracked{r, s} }

type tracked struct {
	r io.Reader
	s *scanner
}

func (t tracked) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		t.s.fatal = err
	}
	return n, err
}

// lenient ends where a decoder fails, unless it was not its fault.
type lenient struct {
	r io.Reader
	s *scanner
}

func (l lenient) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	switch {
	case l.s.fatal != nil:
		return n, l.s.fatal
	case err != nil:
		return n, io.EOF
	}
	return n, nil
}

// flateReader is a decompressor that is used again and again.
type flateReader struct {
	buffered *bufio.Reader
	inflater io.ReadCloser
}

// inflate returns the decompressor for the filter in place i of a chain.
func (s *scanner) inflate(i int, r io.Reader) io.Reader {
	for len(s.flate) <= i {
		s.flate = append(s.flate, flateReader{})
	}
	f := &s.flate[i]
	if f.inflater == nil {
		f.buffered = bufio.NewReaderSize(r, 4<<10)
		skipZlibHeader(f.buffered)
		f.inflater = flate.NewReader(f.buffered)
		return f.inflater
	}
	f.buffered.Reset(r)
	skipZlibHeader(f.buffered)
	_ = f.inflater.(flate.Resetter).Reset(f.buffered, nil) // never fails
	return f.inflater
}

// skipZlibHeader passes over the header (RFC 1950), and over a blank or two that
// do not belong before it. Its checksum at the end interests nobody.
func skipZlibHeader(r *bufio.Reader) {
	b, _ := r.Peek(4)
	for i := 0; i+1 < len(b); i++ {
		if b[i]&0x0F == 8 && (uint(b[i])<<8|uint(b[i+1]))%31 == 0 {
			_, _ = r.Discard(i + 2)
			return
		}
	}
}

// hexReader decodes ASCIIHexDecode (7.4.2).
type hexReader struct {
	in  *bufio.Reader
	end bool
}

func (h *hexReader) Read(p []byte) (int, error) {
	for i := range p {
		var d [2]byte
		got := 0
		for got < 2 && !h.end {
			c, err := h.in.ReadByte()
			if err != nil || c == '>' {
				h.end = true
				break
			}
			if digit, ok := hexDigit(c); ok {
				d[got] = digit
				got++
			}
		}
		if got == 0 {
			return i, io.EOF
		}
		p[i] = d[0]<<4 | d[1]
	}
	return len(p), nil
}

// untilTilde cuts the "~>" that ends ASCII85Decode (7.4.3).
type untilTilde struct {
	r   io.Reader
	end bool
}

func (u *untilTilde) Read(p []byte) (int, error) {
	if u.end {
		return 0, io.EOF
	}
	n, err := u.r.Read(p)
	if at := bytes.IndexByte(p[:n], '~'); at >= 0 {
		u.end = true
		return at, nil
	}
	return n, err
}
