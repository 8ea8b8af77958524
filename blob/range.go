package blob

import "fmt"

// CutRange returns how many bytes [Store.Open] reads of a blob of size bytes
// when asked for length bytes at offset. The error matches ErrInvalidRange.
func CutRange(size, offset, length int64) (int64, error) {
	if offset < 0 || offset > size {
		return 0, fmt.Errorf("%w: offset %d of %d bytes", ErrInvalidRange, offset, size)
	}
	rest := size - offset
	if length < 0 || length > rest {
		return rest, nil
	}
	return length, nil
}
