package s3blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// S3's error codes that the store tells apart. The list of all is at
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
const (
	codeNoSuchKey      = "NoSuchKey"
	codeNotFound       = "NotFound" // of a HEAD, whose answer has no body
	codePrecondition   = "PreconditionFailed"
	codeNoSuchUpload   = "NoSuchUpload"
	codeNotImplemented = "NotImplemented"
)

// fail gives err its place among the port's errors. It returns a *blob.Error
// unchanged, and nil for nil.
func fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	var done *blob.Error
	if errors.As(err, &done) {
		return err
	}
	e := &blob.Error{Op: op, Key: key, Err: &cause{err}, Temporary: temporary(err)}
	switch errorCode(err) {
	case codeNoSuchKey, codeNotFound:
		e.Err = blob.ErrNotFound
	case codePrecondition:
		e.Err = blob.ErrExists
	case "InvalidRange":
		e.Err = blob.ErrInvalidRange
	case "EntityTooLarge":
		e.Err = fmt.Errorf("%w: %w", blob.ErrTooLarge, e.Err)
	case "KeyTooLongError":
		e.Err = fmt.Errorf("%w: %w", blob.ErrInvalidKey, e.Err)
	case "MetadataTooLarge":
		e.Err = fmt.Errorf("%w: %w", blob.ErrInvalidOptions, e.Err)
	case "QuotaExceeded", "InsufficientStorage", "NoSpaceLeftOnDevice", "XMinioStorageFull":
		e.Err, e.Temporary = fmt.Errorf("%w: %w", blob.ErrNoSpace, e.Err), true
	}
	return e
}

func notFound(err error) bool {
	code := errorCode(err)
	return code == codeNoSuchKey || code == codeNotFound
}

// conflict is S3's answer where it could not decide a condition because another
// request for the key was under way. Some compatibles have a name of their own
// for it.
func conflict(err error) bool {
	code := errorCode(err)
	return code == "ConditionalRequestConflict" || code == "OperationAborted"
}

func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func statusCode(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// temporary reports whether the same request may succeed later. It knows more
// than the SDK's retryer, which has given up by now: a checksum that did not
// match on the way, a conflict, an upload that somebody reclaimed.
func temporary(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	switch errorCode(err) {
	case "BadDigest", "XAmzContentChecksumMismatch", "RequestTimeout", codeNoSuchUpload:
		return true
	}
	if conflict(err) {
		return true
	}
	if status := statusCode(err); status == http.StatusTooManyRequests || status >= 500 && status != http.StatusNotImplemented {
		return true
	}
	var unsent *smithyhttp.RequestSendError
	var network net.Error
	return errors.As(err, &unsent) || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.ErrUnexpectedEOF) || retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err).Bool()
}

// outcomeUnknown reports whether the request that failed with err may have
// been carried out all the same.
func outcomeUnknown(err error) bool {
	status := statusCode(err)
	return status == 0 || status >= 500 || errorCode(err) == codeNoSuchUpload
}

// cause is an error of the SDK with what must not be logged taken out of its
// text.
type cause struct{ err error }

func (c *cause) Error() string { return redact(c.err.Error()) }
func (c *cause) Unwrap() error { return c.err }

var secrets = regexp.MustCompile(`(?i)(X-Amz-(?:Signature|Credential|Security-Token)=)[^&"\s]*`)

func redact(text string) string { return secrets.ReplaceAllString(text, "${1}redacted") }
