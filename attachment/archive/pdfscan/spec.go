package pdfscan

import (
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

// A spec is a file specification that embeds a file (7.11.3).
type spec struct {
	home  *object
	names []any // text or ref
	files []ref
	lists []ref // instead of the files: where the EF dictionary stands
}

// addSpecs collects the specs anywhere in v, which is part of home.
func (s *scanner) addSpecs(v any, home *object) {
	switch v := v.(type) {
	case list:
		for _, e := range v {
			s.addSpecs(e, home)
		}
	case dict:
		if embedded := v.all("EF"); len(embedded) > 0 {
			s.addSpec(v, embedded, home)
		}
		for _, p := range v {
			s.addSpecs(p.value, home)
		}
	}
}

func (s *scanner) addSpec(d dict, embedded []any, home *object) {
	sp := spec{home: home}
	for _, key := range [...]name{"UF", "F", "Unix", "DOS", "Mac"} {
		for _, v := range d.all(key) {
			switch v.(type) {
			case text, ref:
				sp.names = append(sp.names, v)
			}
		}
	}
	for _, v := range embedded {
		switch v := v.(type) {
		case ref:
			sp.lists = append(sp.lists, v)
		case dict:
			sp.addFiles(v)
		}
	}
	if len(sp.files)+len(sp.lists) > 0 {
		s.specs = append(s.specs, sp)
	}
}

func (sp *spec) addFiles(d dict) {
	for _, p := range d {
		if r, ok := p.value.(ref); ok && !slices.Contains(sp.files, r) {
			sp.files = append(sp.files, r)
		}
	}
}

// files resolves the specs.
func (s *scanner) files(visit func(File) error) error {
	known, err := s.resolve()
	if err != nil {
		return err
	}
	for range s.unreadable {
		if err := visit(File{}); err != nil { // whatever they contain
			return err
		}
	}
	for _, sp := range s.specs {
		if s.locked {
			if err := visit(File{Encrypted: true}); err != nil {
				return err
			}
		}
		for _, k := range s.keys {
			if err := s.filesOf(sp, k, known, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// filesOf shows the files of one spec under all of its names.
func (s *scanner) filesOf(sp spec, k *key, known map[int64][]*object, visit func(File) error) error {
	for _, n := range s.namesOf(sp, k, known) {
		for _, r := range sp.files {
			if err := s.fileIn(known[r.num], n, k, known, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// fileIn shows the streams among the definitions of one object.
func (s *scanner) fileIn(definitions []*object, n string, k *key, known map[int64][]*object, visit func(File) error) error {
	found := false
	for _, o := range definitions {
		if o.body == 0 {
			continue
		}
		found = true
		for _, m := range k.methods() {
			if err := visit(s.file(n, o, k, m, known)); err != nil {
				return err
			}
		}
	}
	if found {
		return nil
	}
	return visit(File{Name: n})
}

// resolve finds the definitions of what the specs refer to, and of what those
// refer to in turn.
func (s *scanner) resolve() (map[int64][]*object, error) {
	known := make(map[int64][]*object)
	const rounds = 3 // EF dictionary, file, length of the file
	for range rounds {
		wanted := make(map[int64]bool)
		want := func(v any) {
			if r, ok := v.(ref); ok && known[r.num] == nil {
				wanted[r.num] = true
			}
		}
		for i := range s.specs {
			sp := &s.specs[i]
			for _, r := range sp.lists {
				want(r)
				for _, o := range known[r.num] {
					if o.body == 0 {
						sp.addFiles(o.dict())
					}
				}
			}
			for _, n := range sp.names {
				want(n)
			}
			for _, r := range sp.files {
				want(r)
				for _, o := range known[r.num] {
					for _, p := range o.dict() {
						want(p.value)
					}
				}
			}
		}
		if len(wanted) == 0 {
			break
		}
		found, err := s.definitions(wanted)
		if err != nil {
			return nil, err
		}
		for num := range wanted {
			known[num] = append([]*object{}, found[num]...) // empty, not nil: nobody looks again
		}
	}
	return known, nil
}

// namesOf returns the different names of sp; an empty one if there is none.
func (s *scanner) namesOf(sp spec, k *key, known map[int64][]*object) []string {
	var names []string
	add := func(v any, o *object) {
		t, ok := v.(text)
		if !ok {
			return
		}
		n := fileName(k.text(t, o))
		if len(s.encryptions) > 0 {
			n = legible(n)
		}
		if n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	for _, v := range sp.names {
		if r, ok := v.(ref); ok {
			for _, o := range known[r.num] {
				add(o.value, o)
			}
			continue
		}
		add(v, sp.home)
	}
	if len(names) == 0 {
		return []string{""}
	}
	return names
}

// legible returns of a name that was decrypted by a wrong key, or not at all,
// what a program could still go by: its extension.
func legible(n string) string {
	if !strings.ContainsFunc(n, unicode.IsControl) && !strings.ContainsAny(n, `:*?"<>|`) {
		return n
	}
	extension := n[strings.LastIndexByte(n, '.')+1:]
	odd := func(c rune) bool { return c < '0' || c > 'z' || c > '9' && c < 'A' || c > 'Z' && c < 'a' }
	if len(extension) == len(n) || strings.ContainsFunc(extension, odd) {
		return ""
	}
	return "file." + extension
}

func (s *scanner) file(n string, o *object, k *key, m method, known map[int64][]*object) File {
	f := File{Name: n}
	o = direct(o, known)
	if decodable(o.dict()) {
		f.Body = func() io.Reader { return s.decode(o, k, m) }
	}
	return f
}

// fileName decodes a text string (7.9.2.2) and drops the folders.
func fileName(t text) string {
	n := string(t)
	switch {
	case strings.HasPrefix(n, "\xFE\xFF"):
		n = utf16String(t[2:], binary.BigEndian)
	case strings.HasPrefix(n, "\xFF\xFE"):
		n = utf16String(t[2:], binary.LittleEndian)
	case strings.HasPrefix(n, "\xEF\xBB\xBF"):
		n = n[3:]
	}
	return n[strings.LastIndexAny(n, `/\`)+1:]
}

func utf16String(b []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// direct returns o with its references replaced by what they refer to.
func direct(o *object, known map[int64][]*object) *object {
	d := slices.Clone(o.dict())
	for i, p := range d {
		r, ok := p.value.(ref)
		if !ok {
			continue
		}
		for _, target := range known[r.num] {
			if target.body == 0 {
				d[i].value = target.value // of the last revision
			}
		}
	}
	resolved := *o
	resolved.value = d
	return &resolved
}
