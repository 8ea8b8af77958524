package attachment_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

const content = "Dear all,\nplease find the notes attached.\n"

// TestGoldenSuccess holds every name of the node's JSON that hosts and
// workflow files depend on.
func TestGoldenSuccess(t *testing.T) {
	f := newFixture(t)
	result := f.Execute(as("acme"), node(content, nil))
	key := result.Output.Data.StorageKey
	require.Regexp(t, `^attachments/acme/m1@example.com/[0-9a-f-]{36}/notes\.txt$`, key)
	require.Regexp(t, `^/api/v1/attachments/download/attachments/acme/m1%40example.com/[0-9a-f-]{36}/notes\.txt\?expires=1772370000&.*sig=`,
		strings.Replace(result.Output.Data.PresignedURL, "m1@", "m1%40", 1))
	result.Output.Data.StorageKey, result.Output.Data.PresignedURL = "KEY", "URL"
	result.Output.Data.ProcessingTime, result.Duration = 7, 8

	got, err := json.MarshalIndent(result, "", "  ")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf(`{
  "status": "success",
  "output": {
    "status": "processed",
    "data": {
      "attachmentId": %q,
      "filename": "notes.txt",
      "mimeType": "text/plain",
      "size": 42,
      "storageKey": "KEY",
      "contentHash": %q,
      "presignedUrl": "URL",
      "virusScanStatus": "pending",
      "isDeduplicated": false,
      "processedAt": 1772366400000,
      "processingTime": 7
    }
  },
  "timestamp": 1772366400000,
  "duration": 8
}`, result.Output.Data.AttachmentID, sha(content)), string(got))
}

func TestGoldenError(t *testing.T) {
	f := newFixture(t)
	result := f.refuse(t, attachment.CodeInvalidParams, node(content, map[string]any{"messageId": nil}))
	got, err := json.Marshal(result)
	require.NoError(t, err)
	require.JSONEq(t, `{"status":"error","error":"messageId: is required","errorCode":"INVALID_PARAMS","retryable":false,"timestamp":1772366400000,"duration":0}`, string(got))
}

func TestParametersAsTemplatesRenderThem(t *testing.T) {
	f := newFixture(t)
	var n attachment.Node
	require.NoError(t, json.Unmarshal([]byte(`{"id": "n", "type": "attachment-handler", "parameters": {
		"messageId": "m1", "filename": "notes.txt", "size": "2", "maxSize": "1024", "urlExpirationSeconds": "60",
		"enableVirusScan": "false", "enableDeduplication": "TRUE", "isInline": "", "attachmentData": "aGk="}}`), &n))
	processed := f.succeed(t, n)
	require.EqualValues(t, 2, processed.Size)
	require.EqualValues(t, "skipped", processed.VirusScanStatus)
	require.Empty(t, f.jobs)
}

func TestParametersRefused(t *testing.T) {
	f := newFixture(t)
	for name, value := range map[string]any{
		"messageId": nil, "filename": "", "size": nil, "mimeType": 7, "encoding": "rot13", "contentHash": "xyz", "isInline": "maybe",
		"attachmentData": []any{1}, "enableVirusScan": 3, "maxSize": 1023, "urlExpirationSeconds": 604801, "enableDeduplication": "no",
	} {
		result := f.refuse(t, attachment.CodeInvalidParams, node(content, map[string]any{name: value}))
		require.Contains(t, result.Error, name)
	}
	for _, size := range []any{-1, 1.5, "many", true, 1e300, []any{}} {
		f.refuse(t, attachment.CodeInvalidParams, node(content, map[string]any{"size": size}))
	}
	f.refuse(t, attachment.CodeInvalidParams, node(content, map[string]any{"attachmentData": nil}))
	f.refuse(t, attachment.CodeInvalidParams, node(content, map[string]any{"attachmentData": map[string]any{"ref": "x"}}))
	f.refuse(t, attachment.CodeSecurityViolation, node(content, map[string]any{"virusScanEndpoint": "http://evil.example"}))
	f.refuse(t, attachment.CodeSecurityViolation, node(content, map[string]any{"storagePath": "a/../../b"}))
	require.Empty(t, f.blobs(t))
}

func TestNoTenant(t *testing.T) {
	f := newFixture(t)
	for name, ctx := range map[string]func() attachment.Result{
		"none":        func() attachment.Result { return f.Execute(t.Context(), node(content, nil)) },
		"empty":       func() attachment.Result { return f.Execute(as(""), node(content, nil)) },
		"path":        func() attachment.Result { return f.Execute(as("../globex"), node(content, nil)) },
		"not allowed": func() attachment.Result { return f.Execute(as("acme", tenant.Read), node(content, nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			result := ctx()
			require.Equal(t, attachment.CodeForbidden, result.ErrorCode)
			require.False(t, *result.Retryable)
		})
	}
	require.Empty(t, f.blobs(t))
}

func TestEncodings(t *testing.T) {
	f := newFixture(t)
	wrapped := base64.StdEncoding.EncodeToString([]byte(content))
	for encoding, data := range map[string]any{
		"base64":           wrapped[:13] + "\r\n " + wrapped[13:] + "\n",
		"Base64 ":          strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(content)), "="),
		"quoted-printable": strings.ReplaceAll(content, "notes", "no=\r\ntes"),
		"7bit":             content, "8BIT": content,
		"binary": strings.NewReader(content),
	} {
		require.Equal(t, sha(content), f.succeed(t, node(content, map[string]any{"encoding": encoding, "attachmentData": data})).ContentHash, encoding)
	}
	require.Equal(t, sha(content), f.succeed(t, node(content, map[string]any{"attachmentData": []byte(content)})).ContentHash)
	for _, corrupt := range []string{"a", "aGk=aGk=", "aGk*", "aGk===", "a\x00Gk", "=aGk"} {
		result := f.Execute(as("acme"), node(content, map[string]any{"attachmentData": corrupt}))
		require.Equal(t, attachment.CodeInvalidParams, result.ErrorCode, corrupt)
		require.False(t, *result.Retryable, corrupt)
	}
	f.refuse(t, attachment.CodeInvalidParams, node(content, map[string]any{"encoding": "quoted-printable", "attachmentData": "a\x01b"}))
	require.Len(t, f.blobs(t), 1)
}

func TestEmptyAttachment(t *testing.T) {
	f := newFixture(t)
	processed := f.succeed(t, node("", map[string]any{"attachmentData": nil, "size": 0}))
	require.Zero(t, processed.Size)
	require.Equal(t, sha(""), processed.ContentHash)
}

func TestSizeLimit(t *testing.T) {
	f := newFixture(t)
	limit := map[string]any{"maxSize": 1024}
	with := func(data io.Reader, size int) attachment.Node {
		return node("", map[string]any{"maxSize": 1024 * 1024, "size": size, "attachmentData": data})
	}
	f.refuse(t, attachment.CodeSizeLimit, node(content, map[string]any{"maxSize": 1024, "size": 1025}))
	limit["attachmentData"] = base64.StdEncoding.EncodeToString(make([]byte, 1025)) // it says 42 and has 1025
	f.refuse(t, attachment.CodeSizeLimit, node(content, limit))
	f.refuse(t, attachment.CodeSizeLimit, with(io.LimitReader(zeros{}, 1024*1024+1), 3))
	f.refuse(t, attachment.CodeSizeLimit, with(zeros{}, 3)) // it never ends
	require.Empty(t, f.blobs(t))
	require.EqualValues(t, 1024*1024, f.succeed(t, with(io.LimitReader(zeros{}, 1024*1024), 3)).Size)
}

func TestContentHash(t *testing.T) {
	f := newFixture(t)
	f.refuse(t, attachment.CodeContentMismatch, node(content, map[string]any{"contentHash": sha("other")}))
	require.Empty(t, f.blobs(t))
	f.succeed(t, node(content, map[string]any{"contentHash": strings.ToUpper(sha(content))}))
}

// TestCutSource shows that a stream which breaks off is not taken for one that
// is complete, wherever it breaks.
func TestCutSource(t *testing.T) {
	f := newFixture(t)
	for _, kept := range []int64{0, 10, 64 << 10, 512 << 10, 700 << 10, 2 << 20} {
		for _, cause := range []error{io.ErrUnexpectedEOF, errors.New("connection reset")} {
			cut := io.MultiReader(io.LimitReader(zeros{}, kept), iotest.ErrReader(cause))
			result := f.refuse(t, attachment.CodeHandler, node("", map[string]any{"size": 3 << 20, "attachmentData": cut}))
			require.True(t, *result.Retryable)
		}
	}
	require.Empty(t, f.blobs(t))
}

func TestSourceOpensReferences(t *testing.T) {
	closed := false
	f := newFixture(t, func(o *attachment.Options) {
		o.Source = attachment.SourceFunc(func(_ context.Context, ref attachment.Reference) (io.ReadCloser, error) {
			if ref.Ref != "staged/1" {
				return nil, blob.ErrNotFound
			}
			return closer{strings.NewReader(content), &closed}, nil
		})
	})
	processed := f.succeed(t, node(content, map[string]any{"attachmentData": map[string]any{"ref": "staged/1"}}))
	require.Equal(t, sha(content), processed.ContentHash)
	require.True(t, closed)
	f.refuse(t, attachment.CodeHandler, node(content, map[string]any{"attachmentData": attachment.Reference{Ref: "staged/2"}}))
}

// TestDataIsClosed whatever becomes of the node.
func TestDataIsClosed(t *testing.T) {
	f := newFixture(t)
	for name, changes := range map[string]map[string]any{
		"taken": {}, "refused for its parameters": {"size": "many"}, "refused for its name": {"filename": "a.exe"},
	} {
		closed := false
		changes["attachmentData"] = closer{strings.NewReader(content), &closed}
		f.Execute(as("acme"), node(content, changes))
		require.True(t, closed, name)
	}
	closed := false
	other := node(content, map[string]any{"attachmentData": closer{strings.NewReader(content), &closed}})
	other.Type = "another"
	f.refuse(t, attachment.CodeInvalidParams, other)
	require.True(t, closed, "a node of another type")
}

// TestPanicLeavesNothing: what was staged when a source panicked is given back.
func TestPanicLeavesNothing(t *testing.T) {
	f := newFixture(t)
	broken := io.MultiReader(io.LimitReader(zeros{}, 1<<20), panicking{})
	f.refuse(t, attachment.CodeHandler, node("", map[string]any{"size": 2 << 20, "attachmentData": broken}))
	staged, err := f.memory.Reclaim(t.Context(), time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, staged)
}

func TestAnyWholeNumber(t *testing.T) {
	f := newFixture(t)
	for i, size := range []any{5, int8(5), int32(5), uint(5), uint16(5), uint64(5), float32(5), 5.0, json.Number("5"), "5"} {
		f.succeed(t, node("12345", map[string]any{"size": size, "messageId": fmt.Sprint("m", i)}))
	}
	for _, size := range []any{uint64(math.MaxUint64), 5.5, float32(0.5), math.NaN(), math.Inf(1), true, []int{5}} {
		f.refuse(t, attachment.CodeInvalidParams, node("12345", map[string]any{"size": size}))
	}
}

func TestPolicyOfNobodyIsTheDefault(t *testing.T) {
	f := newFixture(t, func(o *attachment.Options) {
		policies := map[string]*policy.Policy{"globex": policy.Strict()}
		o.Policy = func(tenantID string) *policy.Policy { return policies[tenantID] }
	})
	require.NotEmpty(t, f.Validate(node("x", map[string]any{"filename": "a.exe"})).Warnings)
	f.refuse(t, attachment.CodeSecurityViolation, node("x", map[string]any{"filename": "a.exe"}))
}

func TestPanicBecomesAnError(t *testing.T) {
	f := newFixture(t)
	result := f.refuse(t, attachment.CodeHandler, node(content, map[string]any{"attachmentData": panicking{}}))
	require.NotContains(t, result.Error, "boom")
}

func TestValidate(t *testing.T) {
	f := newFixture(t)
	v := f.Validate(node(content, map[string]any{"messageId": "{{ $json.messageId }}", "size": "{{ $json.attachment.size }}"}))
	require.Equal(t, attachment.Validation{Valid: true, Errors: []string{}, Warnings: []string{}}, v)

	v = f.Validate(node(content, map[string]any{"filename": nil, "maxSize": "large", "colour": "red", "enableVirusScan": false}))
	require.False(t, v.Valid)
	require.ElementsMatch(t, []string{"filename: is required", "maxSize: must be a whole number"}, v.Errors)
	require.Equal(t, []string{"colour: is not a parameter of this node", "enableVirusScan: attachments will be served without a scan"}, v.Warnings)

	v = f.Validate(node(content, map[string]any{"filename": "invoice.pdf.exe", "size": 1 << 40, "virusScanEndpoint": "other"}))
	require.True(t, v.Valid)
	require.Len(t, v.Warnings, 3)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type closer struct {
	io.Reader
	closed *bool
}

func (c closer) Close() error {
	*c.closed = true
	return nil
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("boom") }
