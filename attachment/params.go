package attachment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// parameters are the names a node may have. Hosts and workflow files depend
// on every one of them.
var parameters = []string{
	"messageId", "filename", "size", "mimeType", "encoding", "contentHash", "contentId", "isInline", "storagePath",
	"attachmentData", "enableVirusScan", "virusScanEndpoint", "maxSize", "urlExpirationSeconds", "enableDeduplication",
	"position",
}

// reader takes a node's parameters apart and collects what is wrong with them.
// With templates set, a value that is still a template counts as right.
type reader struct {
	values    map[string]any
	templates bool
	problems  []string
}

func (r *reader) fail(name, format string, args ...any) {
	r.problems = append(r.problems, name+": "+fmt.Sprintf(format, args...))
}

// value returns what was given for name; absent, null and unrendered are nil.
func (r *reader) value(name string) any {
	v := r.values[name]
	if s, ok := v.(string); ok && r.templates && strings.Contains(s, "{{") {
		return nil
	}
	return v
}

func (r *reader) require(names ...string) {
	for _, name := range names {
		if v, ok := r.values[name]; !ok || v == nil || v == "" {
			r.fail(name, "is required")
		}
	}
}

func (r *reader) text(name string, maxBytes int) string {
	switch v := r.value(name).(type) {
	case nil:
		return ""
	case string:
		if len(v) > maxBytes {
			r.fail(name, "is %d bytes long, more than %d", len(v), maxBytes)
			return ""
		}
		return v
	default:
		r.fail(name, "must be text, not %T", v)
		return ""
	}
}

// integer accepts numbers and, as templates render them, their text.
func (r *reader) integer(name string, fallback, lowest, highest int64) int64 {
	var n int64
	var ok bool
	switch v := r.value(name).(type) {
	case nil:
		return fallback
	case json.Number:
		n, ok = parseInteger(v.String())
	case string:
		if v == "" {
			return fallback
		}
		n, ok = parseInteger(strings.TrimSpace(v))
	default:
		n, ok = wholeNumber(reflect.ValueOf(v))
	}
	switch {
	case !ok:
		r.fail(name, "must be a whole number")
	case n < lowest || n > highest:
		r.fail(name, "is %d, not within %d to %d", n, lowest, highest)
	default:
		return n
	}
	return fallback
}

// wholeNumber takes any of Go's numbers.
func wholeNumber(v reflect.Value) (n int64, ok bool) {
	switch {
	case v.CanInt():
		return v.Int(), true
	case v.CanUint():
		return int64(v.Uint()), v.Uint() <= math.MaxInt64
	case v.CanFloat():
		return int64(v.Float()), v.Float() == math.Trunc(v.Float()) && math.Abs(v.Float()) < 1<<53
	}
	return 0, false
}

func parseInteger(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func (r *reader) boolean(name string, fallback bool) bool {
	switch v := r.value(name).(type) {
	case nil:
		return fallback
	case bool:
		return v
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true":
			return true
		case "false":
			return false
		case "":
			return fallback
		}
	}
	r.fail(name, "must be true or false")
	return fallback
}

// data returns where the bytes come from: a stream, or a reference for the
// host's Source. What arrives as text is base64 unless encoding says otherwise.
func (r *reader) data(in *Input) (ref *Reference) {
	fallback := EncodingBinary
	switch v := r.value("attachmentData").(type) {
	case nil:
		return nil
	case string:
		in.Data, fallback = strings.NewReader(v), EncodingBase64
	case []byte:
		in.Data = bytes.NewReader(v)
	case io.Reader:
		in.Data = v
	case Reference:
		ref = &v
	case map[string]any:
		text, ok := v["ref"].(string)
		if !ok || text == "" || len(v) != 1 {
			r.fail("attachmentData", `must be text or an object {"ref": "…"}`)
			return nil
		}
		ref = &Reference{Ref: text}
	default:
		r.fail("attachmentData", "must be text or a reference, not %T", v)
		return nil
	}
	in.Encoding = fallback
	if name := r.text("encoding", 64); name != "" {
		var err error
		if in.Encoding, err = parseEncoding(name); err != nil {
			r.fail("encoding", "%v", err)
		}
	}
	return ref
}

// input reads the whole node.
func (r *reader) input() (in Input, ref *Reference) {
	r.require("messageId", "filename", "size")
	in = Input{
		MessageID:         r.text("messageId", maxMessageIDBytes),
		Filename:          r.text("filename", maxFilenameBytes),
		Size:              r.integer("size", 0, 0, math.MaxInt64),
		MIMEType:          r.text("mimeType", 255),
		ContentHash:       r.text("contentHash", 128),
		ContentID:         r.text("contentId", maxMessageIDBytes),
		IsInline:          r.boolean("isInline", false),
		Position:          int(r.integer("position", 0, 0, math.MaxInt32)),
		StoragePath:       r.text("storagePath", 512),
		MaxSize:           r.integer("maxSize", DefaultMaxSize, MinMaxSize, MaxMaxSize),
		SkipVirusScan:     !r.boolean("enableVirusScan", true),
		VirusScanEndpoint: r.text("virusScanEndpoint", 255),
		SkipDeduplication: !r.boolean("enableDeduplication", true),
	}
	seconds := r.integer("urlExpirationSeconds", int64(DefaultURLExpiration/time.Second), int64(MinURLExpiration/time.Second), int64(MaxURLExpiration/time.Second))
	in.URLExpiration = time.Duration(seconds) * time.Second
	return in, r.data(&in)
}
