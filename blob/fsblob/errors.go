package fsblob

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// fail says what err means to the caller of op. It keeps nil.
func fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	e := &blob.Error{Op: op, Key: key, Err: err}
	var errno syscall.Errno
	switch {
	case errors.Is(err, context.Canceled), !errors.As(err, &errno):
	case full(errno):
		e.Err, e.Temporary = fmt.Errorf("%w: %w", blob.ErrNoSpace, err), true
	case errno == syscall.EFBIG:
		e.Err = fmt.Errorf("%w: %w", blob.ErrTooLarge, err)
	default:
		e.Temporary = passing(errno)
	}
	return e
}

// passing tells failures that may well be over at the next try, which begins
// with a new file: a path to the disk that broke, or too much at once.
func passing(errno syscall.Errno) bool {
	return slices.Contains([]syscall.Errno{
		syscall.EIO, syscall.EAGAIN, syscall.EBUSY, syscall.EINTR,
		syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ETIMEDOUT,
	}, errno)
}
