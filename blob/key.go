package blob

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on keys: S3's for the whole, a file system's for one segment.
const (
	MaxKeyBytes     = 1024
	MaxSegmentBytes = 255
)

// ValidateKey reports whether key may name a blob: 1 to 1024 bytes of valid
// UTF-8, segments of 1 to 255 bytes joined by '/', no segment "." or "..", no
// backslash and no control or format character. The error matches
// ErrInvalidKey.
func ValidateKey(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("%w: empty", ErrInvalidKey)
	case len(key) > MaxKeyBytes:
		return fmt.Errorf("%w: %d bytes, more than %d", ErrInvalidKey, len(key), MaxKeyBytes)
	case !utf8.ValidString(key):
		return fmt.Errorf("%w: not UTF-8", ErrInvalidKey)
	}
	for _, r := range key {
		if r == '\\' || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return fmt.Errorf("%w: character %U", ErrInvalidKey, r)
		}
	}
	for segment := range strings.SplitSeq(key, "/") {
		switch {
		case segment == "", segment == ".", segment == "..":
			return fmt.Errorf("%w: segment %q", ErrInvalidKey, segment)
		case len(segment) > MaxSegmentBytes:
			return fmt.Errorf("%w: segment of %d bytes, more than %d", ErrInvalidKey, len(segment), MaxSegmentBytes)
		}
	}
	return nil
}
