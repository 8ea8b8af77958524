package httpapi

import (
	"math"
	"net/http"
	"strconv"
	"strings"
)

// A selection is what a request for size bytes gets: RFC 9110, sections 13 and
// 14.
type selection struct {
	status         int
	offset, length int64 // what to read
	contentLength  int64 // what to announce
}

// selectBytes evaluates the preconditions and the range of a request in the
// order of RFC 9110, section 13.2.2. An attachment never changes, so that its
// hash is a strong validator and dates are not needed.
func selectBytes(r *http.Request, size int64, etag string) selection {
	switch {
	case len(r.Header["If-Match"]) > 0 && !matches(r.Header["If-Match"], etag, false):
		return selection{status: http.StatusPreconditionFailed}
	case matches(r.Header["If-None-Match"], etag, true):
		return selection{status: http.StatusNotModified}
	case r.Method == http.MethodHead:
		return selection{status: http.StatusOK, contentLength: size}
	}
	whole := selection{http.StatusOK, 0, size, size}
	if since := r.Header.Get("If-Range"); since != "" && since != etag {
		return whole // another version, or a date, which we never gave out
	}
	offset, length, ok := parseRange(r.Header.Get("Range"), size)
	switch {
	case !ok || size == 0:
		return whole
	case length == 0:
		return selection{status: http.StatusRequestedRangeNotSatisfiable}
	}
	return selection{http.StatusPartialContent, offset, length, length}
}

// matches looks for an entity tag in the values of a conditional header.
func matches(values []string, etag string, weak bool) bool {
	for _, value := range values {
		for tag := range strings.SplitSeq(value, ",") {
			tag = strings.TrimSpace(tag)
			if weak {
				tag = strings.TrimPrefix(tag, "W/")
			}
			if tag == etag || tag == "*" {
				return true
			}
		}
	}
	return false
}

// parseRange returns the one range that header asks for, cut to size; a length
// of 0 cannot be satisfied. It is not ok for what is to be ignored: no range,
// one that makes no sense, and several, which cost more than they are worth.
func parseRange(header string, size int64) (offset, length int64, ok bool) {
	unit, spec, _ := strings.Cut(header, "=")
	first, last, dash := strings.Cut(strings.TrimSpace(spec), "-")
	if !strings.EqualFold(unit, "bytes") || !dash {
		return 0, 0, false
	}
	from, okFrom := parsePosition(first)
	to, okTo := parsePosition(last)
	switch {
	case first == "" && okTo: // the last so many bytes
		length = min(to, size)
		return size - length, length, true
	case okFrom && last == "":
		to = math.MaxInt64
	case !okFrom || !okTo || to < from:
		return 0, 0, false
	}
	if from >= size {
		return 0, 0, true
	}
	return from, min(to, size-1) - from + 1, true
}

// parsePosition reads digits only. What no content is long enough for counts
// as very far.
func parsePosition(digits string) (int64, bool) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return math.MaxInt64, true
	}
	return n, true
}
