package pdfscan

import (
	"bytes"
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
	for _, d := range dicts {
		if k := openedBy(d, ids); k != nil {
			s.keys = append(s.keys, k)
		} else {
			s.locked = true
		}
	}
	return nil
}

func openedBy(d dict, ids []text) *key {
	for _, id := range ids {
		if k := newKey(d, id); k != nil {
			return k
		}
	}
	return nil
}

// maxEncryptions is more dictionaries, and more identifiers, than any program
// writes into one document.
const maxEncryptions = 8

// encryptionDicts returns the different dictionaries that Encrypt names.
func (s *scanner) encryptionDicts() ([]dict, error) {
	var dicts []dict
	add := func(v any) {
		d, ok := v.(dict)
		same := func(other dict) bool { return bytes.Equal(proofOf(d), proofOf(other)) }
		if ok && !slices.ContainsFunc(dicts, same) {
			dicts = append(dicts, d)
		}
	}
	wanted := make(map[int64]bool)
	for _, at := range s.encryptions {
		v, err := s.valueAfter(at)
		if err != nil {
			return nil, err
		}
		if r, ok := v.(ref); ok {
			wanted[r.num] = true
		}
		add(v)
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

// proofOf tells encryption dictionaries apart: the user string proves the key.
func proofOf(d dict) text {
	user, _ := d.one("U").(text)
	return user
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
			continue
		}
		id, ok := parts[0].(text)
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

// readings are the keys to try on everything, nil first: who pretends to have
// encrypted something must not hide what is not.
func (s *scanner) readings() []*key {
	return append([]*key{nil}, s.keys...)
}
