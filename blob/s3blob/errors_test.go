package s3blob_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
)

func TestErrorsFindTheirPlace(t *testing.T) {
	for code, want := range map[string]struct {
		sentinel  error
		temporary bool
	}{
		"NoSuchKey":                  {blob.ErrNotFound, false},
		"NotFound":                   {blob.ErrNotFound, false},
		"NoSuchBucket":               {nil, false},
		"PreconditionFailed":         {blob.ErrExists, false},
		"InvalidRange":               {blob.ErrInvalidRange, false},
		"EntityTooLarge":             {blob.ErrTooLarge, false},
		"KeyTooLongError":            {blob.ErrInvalidKey, false},
		"MetadataTooLarge":           {blob.ErrInvalidOptions, false},
		"QuotaExceeded":              {blob.ErrNoSpace, true},
		"XMinioStorageFull":          {blob.ErrNoSpace, true},
		"SlowDown":                   {nil, true},
		"RequestTimeout":             {nil, true},
		"ConditionalRequestConflict": {nil, true},
		"NoSuchUpload":               {nil, true},
		"AccessDenied":               {nil, false},
		"SignatureDoesNotMatch":      {nil, false},
	} {
		cause := fmt.Errorf("operation error S3: %w", &smithy.GenericAPIError{Code: code, Message: "why"})
		err := s3blob.Fail("open", "key", cause)
		var typed *blob.Error
		require.ErrorAs(t, err, &typed, code)
		require.Equal(t, "open", typed.Op)
		require.Equal(t, "key", typed.Key)
		require.Equal(t, want.temporary, typed.Temporary, code)
		for _, sentinel := range []error{blob.ErrNotFound, blob.ErrExists, blob.ErrInvalidRange, blob.ErrTooLarge, blob.ErrInvalidKey, blob.ErrInvalidOptions, blob.ErrNoSpace} {
			require.Equal(t, sentinel == want.sentinel, errors.Is(err, sentinel), "%s: %v", code, sentinel)
		}
	}
	require.NoError(t, s3blob.Fail("open", "key", nil))
	require.False(t, blob.Retryable(s3blob.Fail("open", "key", context.Canceled)))
	require.True(t, blob.Retryable(s3blob.Fail("open", "key", context.DeadlineExceeded)))
}

func TestErrorsHoldNoSecret(t *testing.T) {
	leaky := &url.Error{Op: "Get", URL: "https://s3.test/b/k?X-Amz-Credential=AKIA123%2F2026&X-Amz-Security-Token=tok456&X-Amz-Signature=sig789&x-id=GetObject", Err: errors.New("refused")}
	text := s3blob.Fail("open", "k", leaky).Error()
	for _, secret := range []string{"AKIA123", "tok456", "sig789"} {
		require.NotContains(t, text, secret)
	}
	require.Contains(t, text, "x-id=GetObject")
	require.Contains(t, text, "refused")
}
