package attachment

import (
	"context"
	"errors"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Code is a stable name for what went wrong. Workflows branch on it.
type Code string

// The codes.
const (
	CodeInvalidParams     Code = "INVALID_PARAMS"
	CodeSizeLimit         Code = "SIZE_LIMIT_EXCEEDED"
	CodeSecurityViolation Code = "SECURITY_VIOLATION"
	CodeInvalidMIMEType   Code = "INVALID_MIME_TYPE"
	CodeStorage           Code = "STORAGE_ERROR"
	CodeContentMismatch   Code = "CONTENT_MISMATCH"
	CodeQuotaExceeded     Code = "QUOTA_EXCEEDED"
	CodeForbidden         Code = "FORBIDDEN"
	CodeDatabase          Code = "DATABASE_ERROR"
	CodeHandler           Code = "ATTACHMENT_HANDLER_ERROR"
)

// Sentinels. Test with errors.Is.
var (
	ErrNotFound   = errors.New("no such attachment")       // or not this tenant's: nobody can tell
	ErrNotServed  = errors.New("attachment is not served") // its scan status forbids it
	ErrDeleted    = errors.New("attachment is deleted")    // and may still be restored
	ErrHeld       = errors.New("attachment is under legal hold")
	ErrConflict   = errors.New("attachment changed meanwhile")    // repeat the call
	ErrCursor     = errors.New("cursor is not one of this list")  // Query.Cursor
	ErrLinksUnset = errors.New("handler has no link signing key") // Options.Links
)

// Error is what [AttachmentHandler.Process] returns: a code for the workflow,
// a sentence for a person, and the cause for the log.
type Error struct {
	Code      Code
	Message   string // safe to show to a user
	Retryable bool   // the same input may succeed later
	Err       error  // the cause; not part of the text shown to users
}

func (e *Error) Error() string {
	var violation *policy.Violation
	switch {
	case e.Err == nil:
		return e.Message
	case errors.As(e.Err, &violation): // has the same sentence, and the reason
		return violation.Error()
	}
	return fmt.Sprintf("%s: %v", e.Message, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// AsError gives any error its code and its retryability. This is the one place
// that classifies.
func AsError(err error) *Error {
	var own *Error
	var violation *policy.Violation
	var stored *blob.Error
	var db *RepositoryError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	case errors.As(err, &violation):
		message := violation.Message
		if violation.Member != "" {
			message += fmt.Sprintf(" (%.200q in the archive)", violation.Member)
		}
		return &Error{Code: Code(violation.Code()), Message: message, Err: err}
	case errors.Is(err, tenant.ErrMissing), errors.Is(err, tenant.ErrInvalidID):
		return &Error{Code: CodeForbidden, Message: "no tenant on whose behalf to act", Err: err}
	case errors.Is(err, tenant.ErrForbidden):
		return &Error{Code: CodeForbidden, Message: "not allowed", Err: err}
	case errors.Is(err, tenant.ErrQuota):
		return &Error{Code: CodeQuotaExceeded, Message: "the storage quota is used up", Err: err}
	case errors.Is(err, context.Canceled): // whoever noticed it first
		return interrupted(err)
	case errors.As(err, &stored):
		return &Error{Code: CodeStorage, Message: "the attachment could not be stored", Retryable: blob.Retryable(err), Err: err}
	case errors.As(err, &db):
		return &Error{Code: CodeDatabase, Message: "the attachment could not be recorded", Retryable: db.Temporary, Err: err}
	case errors.Is(err, ErrConflict):
		return &Error{Code: CodeStorage, Message: "the attachment could not be stored", Retryable: true, Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return interrupted(err)
	default:
		return &Error{Code: CodeHandler, Message: "the attachment could not be processed", Err: err}
	}
}

func interrupted(err error) *Error {
	return &Error{Code: CodeHandler, Message: "interrupted before the attachment was stored", Retryable: true, Err: err}
}

// RepositoryError is what a Repository returns when the database failed, as
// opposed to answering. Its text holds no secret.
type RepositoryError struct {
	Op        string // the Repository method
	Err       error
	Temporary bool // connection lost, serialization failure, busy
}

func (e *RepositoryError) Error() string { return fmt.Sprintf("repository: %s: %v", e.Op, e.Err) }

func (e *RepositoryError) Unwrap() error { return e.Err }
