package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// header is what counts of a JOSE header. Members that offer a key or say
// where to get one (jwk, jku, x5c, x5u) are not read at all.
type header struct {
	alg  Algorithm
	kid  string
	typ  string
	crit []string
}

// parseHeader decodes a header. critical receives the raw value of each
// member that the host has an extension for.
func parseHeader(segment string, critical map[string]func(json.RawMessage) error) (header, error) {
	data, err := decodeSegment(segment)
	if err != nil {
		return header{}, err
	}
	var h header
	var extensions []string // those of the host that are present and satisfied
	err = parseObject(data, func(name string, value []byte) (err error) {
		switch name {
		case "alg":
			var alg string
			alg, err = text(name, value)
			h.alg = Algorithm(alg)
		case "kid":
			if string(value) == `""` {
				return nil // some issuers mean: none
			}
			h.kid, err = text(name, value)
		case "typ":
			h.typ, err = text(name, value)
		case "cty", "zip", "enc":
			return fmt.Errorf("%w: header %s belongs to nested or encrypted tokens", ErrType, name)
		case "crit":
			if h.crit, err = texts(name, value); err == nil && len(h.crit) == 0 {
				err = fmt.Errorf("%w: empty", ErrCritical)
			}
		default:
			if check := critical[name]; check != nil {
				extensions = append(extensions, name)
				if err := check(json.RawMessage(value)); err != nil {
					return fmt.Errorf("%w: %s: %w", ErrCritical, name, err)
				}
			}
		}
		return err
	})
	if err != nil {
		return header{}, err
	}
	// RFC 7515, section 4.1.11: each name once, present, and understood.
	for i, name := range h.crit {
		if !slices.Contains(extensions, name) || slices.Contains(h.crit[:i], name) {
			return header{}, fmt.Errorf("%w: %.40q", ErrCritical, name)
		}
	}
	if h.alg.method() == nil {
		return header{}, fmt.Errorf("%w: %.40q", ErrAlgorithm, string(h.alg))
	}
	return h, nil
}

// isType reports whether typ is absent or among types. RFC 7515, section
// 4.1.9: case does not count, and "application/" may be left out.
func (h header) isType(types []string) bool {
	typ := strings.TrimPrefix(strings.ToLower(h.typ), "application/")
	return h.typ == "" || slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, typ) })
}
