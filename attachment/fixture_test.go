package attachment_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// fixture is a handler over memory, whose store and repository can be told to
// fail.
type fixture struct {
	*attachment.AttachmentHandler
	memory *memblob.Store
	store  *blobtest.Faulty
	repo   *flakyRepository
	jobs   []scan.Job
	now    time.Time
}

func newFixture(t *testing.T, change ...func(*attachment.Options)) *fixture {
	t.Helper()
	f := &fixture{memory: memblob.New(nil), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	f.store = blobtest.NewFaulty(f.memory)
	f.repo = &flakyRepository{Repository: attachmenttest.NewRepository(), fail: map[string]error{}}
	links, err := blob.NewLinkSigner([]blob.LinkKey{{ID: "k1", Secret: []byte("a secret of thirty-two bytes, ok")}}, &blob.LinkSignerOptions{Now: f.clock})
	require.NoError(t, err)
	opts := &attachment.Options{
		Links: links, Now: f.clock, Logger: slog.New(slog.DiscardHandler), RaceWait: 50 * time.Millisecond,
		ScanEndpoints: []string{"strict"},
		Queue: scan.QueueFunc(func(_ context.Context, job scan.Job) error {
			f.jobs = append(f.jobs, job)
			return nil
		}),
	}
	for _, c := range change {
		c(opts)
	}
	f.AttachmentHandler, err = attachment.New(f.store, f.repo, opts)
	require.NoError(t, err)
	return f
}

func (f *fixture) clock() time.Time { return f.now }

// blobs are the keys of everything visible in the store.
func (f *fixture) blobs(t *testing.T) (keys []string) {
	t.Helper()
	for info, err := range f.memory.List(t.Context(), "") {
		require.NoError(t, err)
		keys = append(keys, info.Key)
	}
	return keys
}

// flakyRepository fails the methods named in fail, after doing their work if
// the error is errLostAnswer.
type flakyRepository struct {
	attachment.Repository
	fail map[string]error
}

var errLostAnswer = &attachment.RepositoryError{Op: "test", Err: io.ErrUnexpectedEOF, Temporary: true}

func (r *flakyRepository) Begin(ctx context.Context, d attachment.Draft) (attachment.Begun, error) {
	return flaky(r, "begin", func() (attachment.Begun, error) { return r.Repository.Begin(ctx, d) })
}

func (r *flakyRepository) Finish(ctx context.Context, d attachment.Draft) (attachment.Begun, error) {
	return flaky(r, "finish", func() (attachment.Begun, error) { return r.Repository.Finish(ctx, d) })
}

func flaky[T any](r *flakyRepository, method string, call func() (T, error)) (T, error) {
	var none T
	err := r.fail[method]
	if err != nil && !errors.Is(err, errLostAnswer) {
		return none, err
	}
	if v, callErr := call(); err == nil {
		return v, callErr
	}
	return none, err
}

func as(tenantID string, actions ...tenant.Action) context.Context {
	if actions == nil {
		actions = []tenant.Action{tenant.Read, tenant.Write, tenant.Delete, tenant.Admin}
	}
	return tenant.NewContext(context.Background(), tenant.User{Tenant: tenantID, ID: "user-1", Actions: actions})
}

// node is the node for a plain text attachment, with parameters changed.
func node(content string, changes map[string]any) attachment.Node {
	parameters := map[string]any{
		"messageId": "m1@example.com", "filename": "notes.txt", "mimeType": "text/plain", "size": float64(len(content)),
		"attachmentData": base64.StdEncoding.EncodeToString([]byte(content)),
	}
	for name, value := range changes {
		if parameters[name] = value; value == nil {
			delete(parameters, name)
		}
	}
	return attachment.Node{ID: "handle-attachment", Type: attachment.NodeType, Parameters: parameters}
}

func (f *fixture) succeed(t *testing.T, n attachment.Node) attachment.Processed {
	t.Helper()
	result := f.Execute(as("acme"), n)
	require.Equal(t, attachment.StatusSuccess, result.Status, result.Error)
	return result.Output.Data
}

func (f *fixture) refuse(t *testing.T, code attachment.Code, n attachment.Node) attachment.Result {
	t.Helper()
	result := f.Execute(as("acme"), n)
	require.Equal(t, attachment.StatusError, result.Status)
	require.Equal(t, code, result.ErrorCode, result.Error)
	require.Nil(t, result.Output)
	return result
}

func sha(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}
