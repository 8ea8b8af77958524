package pdfscan

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"slices"
	"strconv"
)

// span is a part of the file.
type span struct{ from, to int64 }

// opaque returns the parts of the file that need not be searched for names: the
// bytes of long streams, which no program takes for anything else as long as the
// cross-reference data are in order, and point into none of them. It returns
// nothing unless every entry of every section is right.
func (s *scanner) opaque() []span {
	const (
		worthwhile = 512 << 10
		long       = 64 << 10
	)
	if s.size < worthwhile {
		return nil
	}
	x := crossReference{s: s}
	if !x.read() || !x.verify() {
		return nil
	}
	var spans []span
	for i, e := range x.entries {
		next := s.size
		if i+1 < len(x.entries) {
			next = x.entries[i+1].at
		}
		if next-e.at < long {
			continue
		}
		o, err := s.object(e.at+e.header, e.num, e.gen)
		if err != nil || o.body == 0 || o.body > next || len(o.dict().all("Length")) != 1 {
			continue
		}
		length, ok := o.dict().one("Length").(int64)
		if ok && length > 0 && length <= next-o.body && s.endsStream(o.body+length) {
			spans = append(spans, span{o.body, o.body + length})
		}
	}
	for _, part := range spans {
		if slices.ContainsFunc(x.sections, func(at int64) bool { return part.from <= at && at < part.to }) {
			return nil
		}
	}
	return spans
}

// crossReference is where objects are, as the file has it (7.5.4 and 7.5.8).
type crossReference struct {
	s       *scanner
	entries []entry
	packed  []int64 // numbers of the objects in object streams
	root    ref

	sections []int64 // where its parts begin
}

type entry struct{ num, gen, at, header int64 }

// maxEntries is how many objects it is cheaper to check than to search for.
const maxEntries = 4000

// read follows the sections from the last to the first, and reports whether all
// of them are well-formed.
func (x *crossReference) read() bool {
	const tail, sections = 1 << 10, 32
	b, err := x.s.read(x.s.size-min(tail, x.s.size), tail)
	if err != nil {
		return false
	}
	start := bytes.LastIndex(b, []byte("startxref"))
	if start < 0 {
		return false
	}
	p := parser{b: b, at: start + len("startxref")}
	at, ok := p.value().(int64)
	pending := []int64{at}
	for range sections {
		if len(pending) == 0 {
			return true
		}
		at, pending = pending[0], pending[1:]
		if !ok || at <= 0 || at >= x.s.size {
			return false
		}
		var trailer dict
		if trailer, ok = x.section(at); !ok {
			return false
		}
		if root, isRef := trailer.one("Root").(ref); isRef && x.root.num == 0 {
			x.root = root
		}
		for _, key := range [...]name{"XRefStm", "Prev"} {
			for _, v := range trailer.all(key) {
				at, ok = v.(int64)
				if !ok {
					return false
				}
				pending = append(pending, at)
			}
		}
	}
	return false
}

func (x *crossReference) section(at int64) (dict, bool) {
	x.sections = append(x.sections, at)
	const most = maxEntries*20 + 4<<10
	b, err := x.s.read(at, 64)
	if err != nil {
		return nil, false
	}
	if !bytes.HasPrefix(b, []byte("xref")) {
		return x.stream(at, b)
	}
	if b, err = x.s.read(at, most); err != nil {
		return nil, false
	}
	p := parser{b: b, at: len("xref")}
	for {
		switch v := p.value().(type) {
		case int64:
			count, ok := p.value().(int64)
			if !ok || !x.table(&p, v, count) {
				return nil, false
			}
		case word:
			trailer, ok := p.value().(dict)
			return trailer, ok && v == "trailer"
		default:
			return nil, false
		}
	}
}

// table reads one subsection: offset, generation and kind in twenty bytes each.
func (x *crossReference) table(p *parser, first, count int64) bool {
	const width = 20
	p.blanks()
	if count < 0 || count > maxEntries-int64(len(x.entries)) || count*width > int64(len(p.b)-p.at) {
		return false
	}
	for i := range count {
		line := p.b[p.at : p.at+width]
		p.at += width
		at, err1 := strconv.ParseInt(string(line[:10]), 10, 64)
		gen, err2 := strconv.ParseInt(string(line[11:16]), 10, 64)
		switch {
		case err1 != nil || err2 != nil || line[10] != ' ' || line[16] != ' ':
			return false
		case line[17] == 'n':
			x.entries = append(x.entries, entry{num: first + i, gen: gen, at: at})
		case line[17] != 'f':
			return false
		}
	}
	return true
}

// stream reads a cross-reference stream, which begins with b.
func (x *crossReference) stream(at int64, b []byte) (dict, bool) {
	num, gen, length, ok := headerAt(b)
	if !ok {
		return nil, false
	}
	o, err := x.s.object(at+length, num, gen)
	if err != nil || o.body == 0 || o.dict().one("Type") != name("XRef") {
		return nil, false
	}
	d := o.dict()
	widths, ok := d.one("W").(list)
	var w [3]int
	for i := range w {
		if !ok || len(widths) != len(w) {
			return nil, false
		}
		n, isInt := widths[i].(int64)
		if !isInt || n < 0 || n > 8 {
			return nil, false
		}
		w[i] = int(n)
	}
	rows, ok := x.s.rows(o, w[0]+w[1]+w[2])
	if !ok {
		return nil, false
	}
	index, ok := d.one("Index").(list)
	if !ok {
		index = list{int64(0), d.one("Size")}
	}
	for i := 0; i+1 < len(index); i += 2 {
		first, ok1 := index[i].(int64)
		count, ok2 := index[i+1].(int64)
		if !ok1 || !ok2 || count < 0 || count > int64(len(rows)) {
			return nil, false
		}
		for n := range count {
			if !x.row(rows[n], w, first+n) {
				return nil, false
			}
		}
		rows = rows[count:]
	}
	return d, true
}

func (x *crossReference) row(row []byte, w [3]int, num int64) bool {
	kind, second, third := uint64(1), field(row[w[0]:w[0]+w[1]]), field(row[w[0]+w[1]:])
	if w[0] > 0 {
		kind = field(row[:w[0]])
	}
	switch kind {
	case 0:
		return true
	case 1:
		x.entries = append(x.entries, entry{num: num, gen: int64(third), at: int64(second)})
	case 2:
		x.packed = append(x.packed, num)
	default:
		return false
	}
	return len(x.entries) <= maxEntries
}

func field(b []byte) uint64 {
	var wide [8]byte
	copy(wide[8-len(b):], b)
	return binary.BigEndian.Uint64(wide[:])
}

// rows decodes the stream of o into rows of width bytes. Of the predictors it
// knows the one that programs use, PNG's "up" (7.4.4.4).
func (s *scanner) rows(o *object, width int) ([][]byte, bool) {
	d := o.dict()
	predictor := int64(1)
	if parms, ok := d.one("DecodeParms").(dict); ok {
		if v, ok := parms.one("Predictor").(int64); ok {
			predictor = v
		}
		if columns, _ := parms.one("Columns").(int64); predictor > 1 && columns != int64(width) {
			return nil, false
		}
	}
	if width == 0 || !decodable(slices.DeleteFunc(slices.Clone(d), func(p pair) bool { return p.key == "DecodeParms" })) {
		return nil, false
	}
	stride := width
	if predictor >= 10 {
		stride++
	}
	const most = 8 * maxEntries // rows; objects in object streams are entries, too
	b, err := io.ReadAll(io.LimitReader(s.decode(o, nil, identity), int64(most*stride)))
	if err != nil {
		return nil, false
	}
	var rows [][]byte
	previous := make([]byte, width)
	for ; len(b) >= stride; b = b[stride:] {
		row := b[stride-width : stride]
		switch {
		case stride == width || b[0] == 0:
		case b[0] == 2:
			for i := range row {
				row[i] += previous[i]
			}
		default:
			return nil, false
		}
		rows, previous = append(rows, row), row
	}
	return rows, true
}

// verify sorts the entries, and reports whether each leads to the object that it
// promises.
func (x *crossReference) verify() bool {
	slices.SortFunc(x.entries, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	var b [24]byte
	catalog := slices.Contains(x.packed, x.root.num)
	for i := range x.entries {
		e := &x.entries[i]
		if e.at < 0 || e.at >= x.s.size {
			return false
		}
		n, _ := x.s.r.ReadAt(b[:], e.at)
		num, gen, length, ok := headerAt(b[:n])
		if !ok || num != e.num || gen != e.gen {
			return false
		}
		e.header = length
		if num == x.root.num {
			o, err := x.s.object(e.at+length, num, gen)
			if err != nil || o.dict().one("Type") != name("Catalog") {
				return false
			}
			catalog = true
		}
	}
	return catalog
}

// headerAt reads "12 0 obj" at the beginning of b.
func headerAt(b []byte) (num, gen, length int64, ok bool) {
	end := bytes.Index(b, []byte("obj"))
	if end < 0 || b[0] < '0' || b[0] > '9' {
		return 0, 0, 0, false
	}
	num, gen, ok = header(b[:end])
	digits := bytes.TrimRight(b[:end], " ")
	return num, gen, int64(end) + 3, ok && bytes.Count(digits, []byte(" ")) == 1
}
