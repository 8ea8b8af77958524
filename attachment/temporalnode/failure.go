package temporalnode

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// Failure returns an error result as an ApplicationError: its type is the code,
// its details are the result, and Temporal retries it if the result says so. It
// returns nil for a success.
func Failure(result attachment.Result) error {
	if result.Status == attachment.StatusSuccess {
		return nil
	}
	return temporal.NewApplicationErrorWithOptions(result.Error, string(result.ErrorCode), temporal.ApplicationErrorOptions{
		NonRetryable: !retryable(result),
		Details:      []any{result},
	})
}

// ResultOf is the reverse of Failure, for what an activity returned: where err
// carries a result, that is the result. Any other error stays one.
func ResultOf(result attachment.Result, err error) (attachment.Result, error) {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || !app.HasDetails() {
		return result, err
	}
	var carried attachment.Result
	if app.Details(&carried) != nil || carried.Status != attachment.StatusError {
		return result, err
	}
	return carried, nil
}

func retryable(result attachment.Result) bool { return result.Retryable != nil && *result.Retryable }
