package scan

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Sentinels. Test with errors.Is.
var (
	ErrUnavailable = errors.New("scanner unavailable")      // down, refused, timed out
	ErrProtocol    = errors.New("scanner answered garbage") // cut, malformed or out of order
	ErrTooLarge    = errors.New("larger than the scanner takes")
	ErrRateLimited = errors.New("scanner quota used up")
	ErrConfig      = errors.New("scanner misconfigured") // wrong key, malformed address: repeating cannot help
	ErrSource      = errors.New("object could not be read")

	ErrNotDue = errors.New("nothing to scan")    // settled, claimed by another worker, or gone
	ErrGaveUp = errors.New("no verdict reached") // settled as StatusError: repeating the job cannot help
)

// Error says which scanner failed at what, and whether to try again.
type Error struct {
	Scanner    string // "clamd", "virustotal", …
	Op         string // "dial", "write", "read", "lookup", …
	Err        error
	Temporary  bool
	RetryAfter time.Duration // the scanner's own wish; 0 if it has none
}

func (e *Error) Error() string { return fmt.Sprintf("scan: %s: %s: %v", e.Scanner, e.Op, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// Retryable reports whether the same scan may succeed later. What is not
// classified counts as retryable: giving up early would leave an attachment
// without a verdict.
func Retryable(err error) bool {
	if errors.Is(err, context.Canceled) {
		return true
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Temporary
	}
	return err != nil
}

// outage reports whether err says nothing about the object: the scanner was
// down or its quota used up. A scan that ran into its deadline is not an
// outage, for the object itself may be what takes so long.
func outage(err error) bool {
	var e *Error
	if !errors.As(err, &e) || !e.Temporary || errors.Is(e, context.DeadlineExceeded) {
		return false
	}
	return errors.Is(e, ErrUnavailable) || errors.Is(e, ErrRateLimited)
}

// A RetryError says that a job got no verdict yet and when it is due again. A
// queue that can wait redelivers the job then; others drop it and leave it to
// the Reconciler.
type RetryError struct {
	At  time.Time
	Err error
}

func (e *RetryError) Error() string {
	return fmt.Sprintf("scan: due again at %s: %v", e.At.UTC().Format(time.RFC3339), e.Err)
}

func (e *RetryError) Unwrap() error { return e.Err }

// A PanicError is what a scanner's panic becomes.
type PanicError struct {
	Value any
	Stack []byte // for the log
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }
