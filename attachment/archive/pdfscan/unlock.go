package pdfscan

import (
	"bytes"
	"reflect"
	"slices"
)

// unlock finds the keys of an encrypted document. Like everything else, its
// encryption dictionary is not looked for where the document says it is: each
// that is named anywhere counts, and so does that there may be none.
func (s *scanner) unlock() error {
	if len(s.encryptions) == 0 {
		return nil
	}
	dicts, err := s.encryptionDicts()
	if err != nil {
		return err
	}
	ids, err := s.identifiers()
	if err != nil {
		return err
	}
	s.locked = len(dicts) == 0
	s.odd = s.odd || s.locked
	for _, d := range dicts {
		if k := newKey(d, ids); k != nil {
			s.keys = append(s.keys, k)
			continue
		}
		s.locked = true
		s.odd = s.odd || !understood(d)
	}
	return nil
}

// understood reports whether every reader sees the same encryption in d: if it
// does not open, then because there is a password.
func understood(d dict) bool {
	_, ok1 := d.one("O").(text)
	_, ok2 := d.one("U").(text)
	_, ok3 := d.one("P").(int64)
	_, ok4 := d.one("R").(int64)
	version, _ := d.one("V").(int64)
	known := version == 1 || version == 2 || (version == 4 || version == 5) && methodOf(d, "StmF") != identity
	return ok1 && ok2 && ok3 && ok4 && known && unequivocal(d)
}

// unequivocal reports whether everything in d is there, and once.
func unequivocal(d dict) bool {
	for _, p := range d {
		switch v := p.value.(type) {
		case ref:
			return false
		case dict:
			if !unequivocal(v) {
				return false
			}
		}
		if len(d.all(p.key)) > 1 {
			return false
		}
	}
	return true
}

// maxEncryptions is more dictionaries, and more identifiers, than any program
// writes into one document.
const maxEncryptions = 4

// encryptionDicts returns the different dictionaries that Encrypt names.
func (s *scanner) encryptionDicts() ([]dict, error) {
	var dicts []dict
	add := func(v any) {
		d, ok := v.(dict)
		same := func(other dict) bool { return reflect.DeepEqual(d, other) }
		if ok && (d.one("U") != nil || d.one("O") != nil) && !slices.ContainsFunc(dicts, same) {
			dicts = append(dicts, d)
		}
	}
	wanted := make(map[int64]bool)
	for _, at := range s.encryptions {
		v, err := s.valueAfter(at)
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case ref:
			wanted[v.num] = true
		case dict:
			add(v)
		default:
			s.odd = true
		}
	}
	if len(wanted) > 0 {
		found, err := s.definitions(wanted)
		if err != nil {
			return nil, err
		}
		for _, objects := range found {
			for _, o := range objects {
				add(o.value)
			}
		}
	}
	if len(dicts) > maxEncryptions {
		return nil, ErrExcess
	}
	return dicts, nil
}

// identifiers returns the different first parts of what ID names; the empty one
// among them, for readers go on without any.
func (s *scanner) identifiers() ([]text, error) {
	ids := []text{nil}
	for _, at := range s.ids {
		v, err := s.valueAfter(at)
		if err != nil {
			return nil, err
		}
		parts, _ := v.(list)
		if len(parts) == 0 {
			s.odd = true
			continue
		}
		id, ok := parts[0].(text)
		s.odd = s.odd || !ok
		if ok && !slices.ContainsFunc(ids, func(other text) bool { return bytes.Equal(id, other) }) {
			ids = append(ids, id)
		}
		if len(ids) > maxEncryptions {
			return nil, ErrExcess
		}
	}
	return ids, nil
}

// valueAfter returns the value of the name at offset at.
func (s *scanner) valueAfter(at int64) (any, error) {
	b, err := s.read(at, 2<<10)
	if err != nil {
		return nil, err
	}
	_, length := nameAt(b)
	p := parser{b: b, at: length}
	first := p.value()
	num, ok1 := first.(int64)
	gen, ok2 := p.value().(int64)
	if ok1 && ok2 && p.value() == word("R") {
		return ref{num, gen}, nil
	}
	return first, nil
}
