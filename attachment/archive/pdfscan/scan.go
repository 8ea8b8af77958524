package pdfscan

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// ErrExcess is returned for a file that would make the scan work more than its
// size justifies.
var ErrExcess = errors.New("pdfscan: takes too much work")

// A File is one file embedded in a PDF, under one of its names, as one revision
// has it.
type File struct {
	Name      string // without folders; "" if it has none that could be read
	Encrypted bool   // nobody can read it without a password

	// Body is the content, decoded; nil if it is encrypted or cannot be
	// decoded here. It may be read once, before visit returns.
	Body func() io.Reader
}

// Options are for Scan.
type Options struct {
	// Count wraps what streams yield, so that the caller may put an end to it
	// by an error, which Scan then returns. Defaults to counting nothing.
	Count func(io.Reader) io.Reader
}

// Scan shows the files embedded in the PDF in r to visit. It fails if r or visit
// does, if ctx ends, if Count says so, or with ErrExcess.
func Scan(ctx context.Context, r io.ReaderAt, size int64, opts *Options, visit func(File) error) error {
	s := &scanner{ctx: ctx, r: r, size: size, keys: []*key{nil}, count: func(r io.Reader) io.Reader { return r }}
	if opts != nil && opts.Count != nil {
		s.count = opts.Count
	}
	if err := s.findMarks(); err != nil {
		return err
	}
	if err := s.unlock(); err != nil {
		return err
	}
	if err := s.findSpecs(); err != nil || len(s.specs) == 0 && s.unreadable == 0 {
		return err
	}
	return s.files(visit)
}

// scanner is one file on its way through.
type scanner struct {
	ctx   context.Context
	r     io.ReaderAt
	size  int64
	count func(io.Reader) io.Reader
	work  int64  // bytes parsed so far
	buf   []byte // of search
	fatal error  // what a decoder must not take for malformed content
	flate []flateReader

	embedded    []int64 // where the name EF stands
	streams     []mark  // where a name stands that object streams have
	encryptions []int64 // where the name Encrypt stands
	ids         []int64 // where the name ID stands, of the document

	keys       []*key // to try on everything; nil first, for a false encryption must hide nothing
	locked     bool   // there is an encryption to which there is no key
	odd        bool   // or one that readers may understand otherwise
	specs      []spec
	unreadable int // object streams that cannot be decoded
}

// mark is a name that object streams have.
type mark struct {
	at       int64
	isObjStm bool // not only an entry
}

// spend counts n bytes that somebody looks at a second time. Few files have
// more to parse than they have bytes.
func (s *scanner) spend(n int) error {
	const free = 2 << 20
	if s.work += int64(n); s.work > free+2*s.size {
		return ErrExcess
	}
	return s.ctx.Err()
}

const (
	windowBytes = 64 << 10
	lookAhead   = 128 // what search shows at least, where there is as much
)

// search shows every place where r has the byte c, with the bytes from there on.
func (s *scanner) search(r io.Reader, c byte, visit func(at int64, b []byte) error) error {
	if s.buf == nil {
		s.buf = make([]byte, windowBytes)
	}
	base, have := int64(0), 0
	for {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(r, s.buf[have:])
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		w := s.buf[:have+n]
		limit := len(w)
		if !last {
			limit -= lookAhead
		}
		i := 0
		for i < limit {
			next := bytes.IndexByte(w[i:limit], c)
			if next < 0 {
				i = limit
				break
			}
			i += next
			if err := visit(base+int64(i), w[i:]); err != nil {
				return err
			}
			i++
		}
		if last {
			return nil
		}
		have = copy(s.buf, w[i:])
		base += int64(i)
	}
}

// names shows every name in r that might be one of those that matter.
func (s *scanner) names(r io.Reader, visit func(at int64, n string, after []byte) error) error {
	return s.search(r, '/', func(at int64, b []byte) error {
		if len(b) < 3 {
			return nil
		}
		switch {
		case b[1] == 'E' && (b[2] == 'F' || b[2] == 'n'):
		case b[1] == 'F' && b[2] == 'i' && len(b) > 3 && (b[3] == 'r' || b[3] == '#'):
		case b[1] == 'O' && b[2] == 'b':
		case b[1] == 'I' && b[2] == 'D':
		case b[1] == '#', b[2] == '#' && (b[1] == 'E' || b[1] == 'F' || b[1] == 'I' || b[1] == 'O'):
		default:
			return nil
		}
		n, length := nameAt(b[:min(len(b), lookAhead)])
		return visit(at, n, b[length:])
	})
}

// findMarks passes over the file once.
func (s *scanner) findMarks() error {
	from := int64(0)
	for _, skip := range append(s.opaque(), span{s.size, s.size}) {
		if err := s.findMarksIn(span{from, skip.from}); err != nil {
			return err
		}
		from = skip.to
	}
	return s.fatal
}

func (s *scanner) findMarksIn(part span) error {
	const most = 100_000
	return s.names(io.NewSectionReader(s.r, part.from, part.to-part.from), func(at int64, n string, after []byte) error {
		at += part.from
		switch n {
		case "EF":
			s.embedded = append(s.embedded, at)
		case "ObjStm":
			s.streams = append(s.streams, mark{at, true})
		case "First":
			if !endsBeforeStream(after) { // else an entry of an outline
				s.streams = append(s.streams, mark{at, false})
			}
		case "Encrypt":
			s.encryptions = append(s.encryptions, at)
		case "ID":
			if identifies(after) { // else an element
				s.ids = append(s.ids, at)
			}
		}
		if len(s.embedded)+len(s.streams)+len(s.encryptions)+len(s.ids) > most {
			return ErrExcess
		}
		return nil
	})
}

// identifies reports whether b begins a list, or a reference to one.
func identifies(b []byte) bool {
	p := parser{b: b}
	p.blanks()
	return p.at < len(b) && (b[p.at] == '[' || '0' <= b[p.at] && b[p.at] <= '9')
}

// endsBeforeStream reports whether b, in the midst of an object, shows its end
// before any stream.
func endsBeforeStream(b []byte) bool {
	b = b[:min(len(b), 2<<10)]
	end := bytes.Index(b, []byte("endobj"))
	return end >= 0 && !bytes.Contains(b[:end], []byte("stream"))
}

// findSpecs collects the dictionaries that embed files.
func (s *scanner) findSpecs() error {
	done := int64(-1)
	for _, at := range s.embedded {
		if at < done {
			continue // part of an object that has been looked at
		}
		objects, err := s.enclosing(at)
		if err != nil {
			return err
		}
		if len(objects) == 0 {
			if err := s.findBareSpec(at); err != nil {
				return err
			}
		}
		for _, o := range objects {
			s.addSpecs(o.value, o)
			done = max(done, o.end)
		}
	}
	password := s.locked && !s.odd && len(s.keys) == 1 // that is all that is missing
	lost, err := s.eachObjectStream(func(o *object) error {
		if !decodable(o.dict()) {
			s.unreadable++
			return nil
		}
		sense := false
		for _, k := range s.keys {
			made, err := s.findSpecsInside(o, k)
			if err != nil {
				return err
			}
			sense = sense || made
		}
		if len(s.encryptions) > 0 && !sense && !password {
			s.unreadable++
		}
		return nil
	})
	if len(s.encryptions) > 0 { // elsewhere the type may be part of a text
		s.unreadable += lost
	}
	return err
}

// findSpecsInside looks into an object stream, and reports whether it makes
// sense: at its beginning there are numbers.
func (s *scanner) findSpecsInside(stream *object, k *key) (sense bool, err error) {
	const twoNumbers = 64
	content := bufio.NewReaderSize(s.decode(stream, k, k.forStreams()), twoNumbers)
	head, _ := content.Peek(twoNumbers) // why there is no more, names hears
	index := parser{b: head}
	_, ok1 := index.value().(int64)
	_, ok2 := index.value().(int64)
	sense = ok1 && ok2 || stream.dict().one("N") == int64(0)
	found := false
	err = s.names(content, func(_ int64, n string, _ []byte) error {
		found = found || n == "EF"
		return nil
	})
	if err != nil || !found {
		return sense, err
	}
	return sense, s.eachInside(stream, k, nil, func(o *object) error {
		s.addSpecs(o.value, o)
		return nil
	})
}

// findBareSpec reads what an EF refers to whose surroundings make no sense.
func (s *scanner) findBareSpec(at int64) error {
	v, err := s.valueAfter(at)
	if err != nil {
		return err
	}
	s.addSpecs(dict{{"EF", v}}, &object{packed: true})
	return nil
}

// eachObjectStream shows every object stream once. Lost are those that are there
// by their type, and yet in no place where they can be read.
func (s *scanner) eachObjectStream(visit func(o *object) error) (lost int, err error) {
	done := int64(-1)
	for _, m := range s.streams {
		if m.at < done {
			continue
		}
		objects, err := s.enclosing(m.at)
		if err != nil {
			return lost, err
		}
		found := false
		for _, o := range objects {
			if !o.isObjectStream() {
				continue
			}
			found, done = true, max(done, o.end)
			if err := visit(o); err != nil {
				return lost, err
			}
		}
		if m.isObjStm && !found {
			lost++
		}
	}
	return lost, nil
}

// read returns up to n bytes from offset at.
func (s *scanner) read(at int64, n int64) ([]byte, error) {
	n = max(0, min(n, s.size-at))
	if err := s.spend(int(n)); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	if got, err := s.r.ReadAt(b, at); int64(got) < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("pdfscan: %w", err)
	}
	return b, nil
}
