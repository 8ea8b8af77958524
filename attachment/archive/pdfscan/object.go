package pdfscan

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// An object is one definition of an indirect object: "12 0 obj … endobj".
type object struct {
	num, gen int64
	value    any
	body     int64 // where the bytes of its stream begin; 0 if it has none
	end      int64 // of the value
	packed   bool  // part of an object stream, and so not encrypted by itself
}

func (o *object) dict() dict {
	d, _ := o.value.(dict)
	return d
}

// isObjectStream goes by the type, which some readers do not ask for, or by the
// entries that all of them need (7.5.7).
func (o *object) isObjectStream() bool {
	if o.body == 0 {
		return false
	}
	d := o.dict()
	for _, kind := range d.all("Type") {
		if kind == name("ObjStm") {
			return true
		}
	}
	return d.one("N") != nil && d.one("First") != nil
}

// enclosing returns the objects that offset at is part of. There is one, unless
// a string or comment contains what looks like the beginning of another.
func (s *scanner) enclosing(at int64) ([]*object, error) {
	const tries = 8
	var found []*object
	for _, back := range [...]int64{512, 8 << 10, 64 << 10} {
		from := max(0, at-back)
		b, err := s.read(from, at-from)
		if err != nil {
			return nil, err
		}
		found = found[:0]
		for range tries {
			i := bytes.LastIndex(b, []byte("obj"))
			if i < 0 {
				break
			}
			b = b[:i]
			num, gen, ok := header(b)
			if !ok {
				continue
			}
			o, err := s.object(from+int64(i)+3, num, gen)
			if err != nil {
				return nil, err
			}
			if o.end > at {
				found = append(found, o)
			}
		}
		if len(found) > 0 || from == 0 {
			break
		}
	}
	return found, nil
}

// header reads backwards the two numbers that stand before "obj".
func header(b []byte) (num, gen int64, ok bool) {
	b, gen, ok = lastNumber(b)
	if !ok {
		return 0, 0, false
	}
	_, num, ok = lastNumber(b)
	return num, gen, ok
}

// lastNumber reads the number at the end of b, and what looks like a comment
// only if there is none: an offset may point into a comment.
func lastNumber(b []byte) (rest []byte, n int64, ok bool) {
	for {
		b = bytes.TrimRight(b, " \n\r\t\f\x00")
		start := len(b)
		for start > 0 && len(b)-start < 10 && '0' <= b[start-1] && b[start-1] <= '9' {
			start--
		}
		if n, err := strconv.ParseInt(string(b[start:]), 10, 64); err == nil {
			return b[:start], n, true
		}
		near := max(0, len(b)-lookAhead)
		line := near + bytes.LastIndexAny(b[near:], "\r\n") + 1
		comment := bytes.IndexByte(b[line:], '%')
		if comment < 0 {
			return b, 0, false
		}
		b = b[:line+comment]
	}
}

// object reads the object whose value begins at offset at.
func (s *scanner) object(at, num, gen int64) (*object, error) {
	o := &object{num: num, gen: gen, end: at}
	for _, n := range [...]int64{1 << 10, 8 << 10, 64 << 10} {
		b, err := s.read(at, n)
		if err != nil {
			return nil, err
		}
		p := parser{b: b}
		o.value = p.value()
		o.end = at + int64(p.at)
		const keyword = 16 // "stream" must be there, too
		next := p
		next.blanks()
		if next.at+keyword > len(b) && at+int64(len(b)) < s.size {
			continue
		}
		if _, ok := o.value.(dict); ok {
			o.body = streamAt(&p, at)
		}
		break
	}
	return o, nil
}

// streamAt returns where the bytes of a stream begin whose dictionary p has
// just read (7.3.8); 0 if no stream follows.
func streamAt(p *parser, base int64) int64 {
	if p.value() != word("stream") {
		return 0
	}
	for p.at < len(p.b) && (p.b[p.at] == ' ' || p.b[p.at] == '\t') {
		p.at++ // do not belong here, and yet are passed over
	}
	rest := p.b[p.at:]
	switch {
	case bytes.HasPrefix(rest, []byte("\r\n")):
		p.at += 2
	case bytes.HasPrefix(rest, []byte("\n")), bytes.HasPrefix(rest, []byte("\r")):
		p.at++
	}
	return base + int64(p.at)
}

// definitions finds every definition of the objects in wanted.
func (s *scanner) definitions(wanted map[int64]bool) (map[int64][]*object, error) {
	const most = 100 // of one object
	found := make(map[int64][]*object)
	add := func(o *object) error {
		if found[o.num] = append(found[o.num], o); len(found[o.num]) > most {
			return ErrExcess
		}
		return nil
	}
	type place struct{ at, num, gen int64 }
	var places []place
	err := s.searchObjects(func(at, num, gen int64) error {
		if !wanted[num] {
			return nil
		}
		if places = append(places, place{at, num, gen}); len(places) > most*len(wanted) {
			return ErrExcess
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		o, err := s.object(p.at, p.num, p.gen)
		if err != nil {
			return nil, err
		}
		if err := add(o); err != nil {
			return nil, err
		}
	}
	_, err = s.eachObjectStream(func(stream *object) error {
		if !decodable(stream.dict()) {
			return nil
		}
		for _, k := range s.keys {
			if err := s.eachInside(stream, k, wanted, add); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// searchObjects shows where the value of each object begins.
func (s *scanner) searchObjects(visit func(at, num, gen int64) error) error {
	const before = 32 // room for two numbers
	buf := make([]byte, windowBytes)
	for base := int64(0); base < s.size; base += windowBytes - before {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		n, err := s.r.ReadAt(buf[:min(windowBytes, s.size-base)], base)
		if n == 0 && err != nil {
			return fmt.Errorf("pdfscan: %w", err)
		}
		w := buf[:n]
		for i := 0; ; i += 3 {
			next := bytes.Index(w[i:], []byte("obj"))
			if next < 0 {
				break
			}
			i += next
			if base > 0 && i+3 <= before {
				continue // seen at the end of the last window
			}
			num, gen, ok := header(w[:i])
			if !ok {
				continue
			}
			if err := visit(base+int64(i)+3, num, gen); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxObjectStream is far beyond what programs write, a hundred or two hundred
// objects.
const maxObjectStream = 8 << 20

// eachInside shows the objects in an object stream (7.5.7); only those wanted
// if wanted is not nil.
func (s *scanner) eachInside(stream *object, k *key, wanted map[int64]bool, visit func(o *object) error) error {
	content := s.decode(stream, k, k.forStreams())
	b, err := io.ReadAll(io.LimitReader(content, maxObjectStream+1))
	if err != nil {
		return err
	}
	if len(b) > maxObjectStream {
		return ErrExcess
	}
	first, ok := stream.dict().one("First").(int64)
	if !ok || first < 0 || first > int64(len(b)) {
		first = guessFirst(b)
	}
	index := parser{b: b[:first]}
	for {
		num, ok1 := index.value().(int64)
		offset, ok2 := index.value().(int64)
		if !ok1 || !ok2 {
			return nil
		}
		if offset < 0 || offset > int64(len(b))-first || wanted != nil && !wanted[num] {
			continue
		}
		p := parser{b: b[first+offset:]}
		v := p.value()
		if err := s.spend(p.at); err != nil {
			return err
		}
		if err := visit(&object{num: num, value: v, packed: true}); err != nil {
			return err
		}
	}
}

// guessFirst returns where the numbers at the beginning end.
func guessFirst(b []byte) int64 {
	for i, c := range b {
		if !isBlank(c) && (c < '0' || c > '9') {
			return int64(i)
		}
	}
	return int64(len(b))
}
