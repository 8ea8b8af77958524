package claimcheck

import (
	"errors"
	"io/fs"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// What a Source of this package answers. Test with errors.Is. The first two
// are *attachment.Error, so a node ends in their code, and is not retried.
var (
	// ErrReference says that a reference is malformed or of an unknown scheme.
	ErrReference error = &attachment.Error{Code: attachment.CodeInvalidParams, Message: "attachmentData: is not a reference that this host opens"}

	// ErrGone says that nothing lies behind a reference any more, or never
	// did for this tenant: nobody can tell.
	ErrGone error = &attachment.Error{Code: attachment.CodeHandler, Message: "the attachment data is gone: it was released or reclaimed"}

	// ErrTooLarge says that more was to be staged than Options.MaxSize.
	ErrTooLarge = errors.New("larger than what may be staged")
)

// openError says whether it helps to open again. The cause is for the log.
func openError(err error) error {
	if errors.Is(err, blob.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return ErrGone
	}
	return &attachment.Error{Code: attachment.CodeHandler, Message: "the attachment data could not be opened", Retryable: true, Err: err}
}
