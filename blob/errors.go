package blob

import (
	"context"
	"errors"
	"fmt"
)

// The sentinels every store uses. Test with errors.Is.
var (
	ErrNotFound     = errors.New("no such blob")
	ErrExists       = errors.New("key is taken")
	ErrInvalidKey   = errors.New("invalid key")
	ErrInvalidRange = errors.New("offset past the end")
	ErrMismatch     = errors.New("bytes differ from what was announced")
	ErrFinished     = errors.New("writer is already committed or aborted")
	ErrNoSpace      = errors.New("no space left in the store")
	ErrTooLarge     = errors.New("larger than the store takes")
	ErrUnsupported  = errors.New("not supported by this store")
	ErrCorrupt      = errors.New("stored blob is damaged")

	// ErrInvalidOptions is what Create answers to WriteOptions that
	// [WriteOptions.Resolve] refuses.
	ErrInvalidOptions = errors.New("invalid write options")
)

// Error is what every store returns: which operation failed, on which key, and
// why. Its text holds no secret.
type Error struct {
	Op  string // "create", "write", "commit", "abort", "open", "read", "stat", "delete", "list", "copy", "sign", "reclaim"
	Key string
	Err error

	// Temporary says that the same call may well succeed later: the store was
	// unreachable, busy or full. See [Retryable].
	Temporary bool
}

func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("blob: %s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("blob: %s %q: %v", e.Op, e.Key, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Retryable reports whether the failed call is worth repeating. A deadline
// that ran out is; a cancellation is not, for somebody wanted it.
func Retryable(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	var e *Error
	return errors.As(err, &e) && e.Temporary
}
