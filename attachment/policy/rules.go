package policy

import (
	"maps"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
)

// A Rule names attachments by extension, MIME type or family.
type Rule struct {
	kind   byte // 'e', 't', 'f'
	values []string
}

// Extensions is the rule for effective file name extensions, with or without
// the dot, in any case.
func Extensions(exts ...string) Rule { return Rule{'e', exts} }

// Types is the rule for MIME types as detected or declared; "image/*" names all
// of a kind.
func Types(mimes ...string) Rule { return Rule{'t', mimes} }

// Families is the rule for families of detected types.
func Families(families ...detect.Family) Rule {
	r := Rule{kind: 'f'}
	for _, f := range families {
		r.values = append(r.values, string(f))
	}
	return r
}

// set is a set of rules. It is never changed once a policy has it.
type set map[string]struct{}

// with returns s and rules together.
func (s set) with(rules []Rule) set {
	all := make(set, len(s)+len(rules))
	maps.Copy(all, s)
	for _, r := range rules {
		for _, v := range r.values {
			all[key(r.kind, v)] = struct{}{}
		}
	}
	return all
}

// without returns s less rules.
func (s set) without(rules []Rule) set {
	rest := maps.Clone(s)
	for _, r := range rules {
		for _, v := range r.values {
			delete(rest, key(r.kind, v))
		}
	}
	return rest
}

func key(kind byte, value string) string {
	value = strings.ToLower(strings.TrimSpace(value))
	if kind == 'e' {
		value = strings.TrimPrefix(value, ".")
	}
	return string(kind) + value
}

func (s set) extension(ext string) bool {
	_, ok := s["e"+ext]
	return ok
}

func (s set) mime(mime string) bool {
	if len(s) == 0 || mime == "" {
		return false
	}
	if _, ok := s["t"+mime]; ok {
		return true
	}
	top, _, _ := strings.Cut(mime, "/")
	_, ok := s["t"+top+"/*"]
	return ok
}

func (s set) family(f detect.Family) bool {
	_, ok := s["f"+string(f)]
	return ok && f != ""
}

// typ reports whether s names t by MIME type or family.
func (s set) typ(t detect.Type) bool { return s.mime(t.MIME) || s.family(t.Family) }
