package workflow

import (
	"errors"
	"fmt"
	"strings"
)

// Sentinels. Test with errors.Is.
var (
	ErrNothing     = errors.New("resolves to nothing")
	ErrSyntax      = errors.New("malformed template")
	ErrUnknownType = errors.New("unknown node type")
	ErrNotList     = errors.New("not a list")
	ErrTooLarge    = errors.New("workflow file larger than the limit")
)

// Error says where in which workflow something is wrong. Fields that do not
// apply are empty.
type Error struct {
	File      string // of the workflow
	Node      string // id
	Parameter string // "headers.subject" for one within another
	Template  string // as written, braces included
	Err       error
}

func (e *Error) Error() string {
	var at []string
	if e.File != "" {
		at = append(at, e.File)
	}
	if e.Node != "" {
		at = append(at, fmt.Sprintf("node %q", e.Node))
	}
	if e.Parameter != "" {
		at = append(at, fmt.Sprintf("parameter %q", e.Parameter))
	}
	if e.Template != "" {
		return fmt.Sprintf("%s: %s %v", strings.Join(at, ": "), e.Template, e.Err)
	}
	return fmt.Sprintf("%s: %v", strings.Join(at, ": "), e.Err)
}

func (e *Error) Unwrap() error { return e.Err }
