package attachment

import (
	"context"
	"errors"
	"io"
)

// OpenLater returns the bytes behind ref as a stream that opens it at the first
// Read, so that a node refused for its name or size fetches nothing. ctx is the
// one that source sees. An *Error of source decides the node's code and whether
// it is retried; any other error is worth a retry.
func OpenLater(ctx context.Context, source Source, ref Reference) io.ReadCloser {
	return &laterReader{ctx: ctx, source: source, ref: ref}
}

type laterReader struct {
	ctx    context.Context
	source Source
	ref    Reference
	body   io.ReadCloser
	err    error
}

func (l *laterReader) Read(p []byte) (int, error) {
	if l.body == nil && l.err == nil {
		l.body, l.err = l.source.OpenReference(l.ctx, l.ref)
	}
	if l.err != nil {
		return 0, openError(l.err)
	}
	return l.body.Read(p)
}

// Close ends the stream, opened or not.
func (l *laterReader) Close() error {
	if l.body == nil {
		return nil
	}
	return l.body.Close()
}

func openError(err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	return &Error{Code: CodeHandler, Message: "the attachment data could not be opened", Retryable: true, Err: err}
}
