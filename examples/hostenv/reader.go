package hostenv

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Error says what is wrong with one variable. It holds no secret.
type Error struct {
	Variable string
	Problem  string
}

func (e *Error) Error() string { return e.Variable + ": " + e.Problem }

// reader takes the environment apart and collects what is wrong with it.
type reader struct {
	lookup   func(string) string
	problems []error
	failed   map[string]bool
}

// fail notes what is wrong with a variable; the first problem says enough.
func (r *reader) fail(name, format string, args ...any) {
	if r.failed[name] {
		return
	}
	r.failed[name] = true
	r.problems = append(r.problems, &Error{Variable: name, Problem: fmt.Sprintf(format, args...)})
}

func (r *reader) require(name, why string) {
	if r.lookup(name) == "" {
		r.fail(name, "%s", why)
	}
}

// pair wants both or neither.
func (r *reader) pair(a, b string) {
	if r.lookup(a) == "" && r.lookup(b) != "" {
		a, b = b, a
	}
	if r.lookup(a) != "" {
		r.require(b, "is required with "+a)
	}
}

func (r *reader) boolean(name string, fallback bool) bool {
	switch value := r.lookup(name); strings.ToLower(value) {
	case "":
		return fallback
	case "true", "1":
		return true
	case "false", "0":
		return false
	default:
		r.fail(name, "%.40q is neither true nor false", value)
		return fallback
	}
}

func (r *reader) integer(name string, fallback, lowest, highest int64) int64 {
	value := r.lookup(name)
	if value == "" {
		return fallback
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < lowest || n > highest {
		r.fail(name, "%.40q is not a whole number from %d to %d", value, lowest, highest)
		return fallback
	}
	return n
}

// duration reads a number of units.
func (r *reader) duration(name string, unit, fallback, lowest, highest time.Duration) time.Duration {
	return unit * time.Duration(r.integer(name, int64(fallback/unit), int64(lowest/unit), int64(highest/unit)))
}

// choice returns one of the options; the first is the default.
func (r *reader) choice(name string, options ...string) string {
	value := r.lookup(name)
	if value == "" {
		return options[0]
	}
	if !slices.Contains(options, value) {
		r.fail(name, "%.40q is none of: %s", value, strings.Join(options, ", "))
		return options[0]
	}
	return value
}

// address reads a host:port to listen on.
func (r *reader) address(name string) string {
	value := r.lookup(name)
	if value == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		r.fail(name, "%.80q is not an address to listen on, HOST:PORT", value)
	}
	return value
}

// list splits at commas. Empty elements are dropped: a trailing comma is none.
func (r *reader) list(name string) []string {
	var list []string
	for element := range strings.SplitSeq(r.lookup(name), ",") {
		if element = strings.TrimSpace(element); element != "" {
			list = append(list, element)
		}
	}
	return list
}

// baseURL reads a URL that paths are appended to. What it refuses is not
// shown: people put passwords into URLs.
func (r *reader) baseURL(name string, schemes ...string) string {
	value := strings.TrimSuffix(r.lookup(name), "/")
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		r.fail(name, "is not a URL (%s) with a host and without user, query and fragment", strings.Join(schemes, ", "))
		return ""
	}
	return value
}
