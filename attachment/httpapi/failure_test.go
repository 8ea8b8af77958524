package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// failing is a repository whose database fails as told.
type failing struct {
	*attachmenttest.Repository
	err error
}

func (r *failing) Get(ctx context.Context, id string) (attachment.EmailAttachment, error) {
	if r.err != nil {
		return attachment.EmailAttachment{}, r.err
	}
	return r.Repository.Get(ctx, id)
}

func (r *failing) Begin(ctx context.Context, d attachment.Draft) (attachment.Begun, error) {
	if r.err != nil {
		return attachment.Begun{}, r.err
	}
	return r.Repository.Begin(ctx, d)
}

// TestFailuresSayNothing: the client learns whether to try again, the log why.
func TestFailuresSayNothing(t *testing.T) {
	const secret = "password=hunter2 host=10.0.0.7"
	var log bytes.Buffer
	repo := &failing{Repository: attachmenttest.NewRepository()}
	f := newFixture(t, func(s *setup) {
		s.repo, s.api.Logger = repo, slog.New(slog.NewTextHandler(&log, nil))
	})
	p := f.clean(t, alice, "m1", "a.txt", content)
	one := "/api/v1/attachments/" + p.AttachmentID
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{&attachment.RepositoryError{Op: "Get", Err: errors.New(secret), Temporary: true}, http.StatusServiceUnavailable, "unavailable"},
		{&attachment.RepositoryError{Op: "Get", Err: errors.New(secret)}, http.StatusInternalServerError, "internal"},
		{errors.New(secret), http.StatusInternalServerError, "internal"},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "unavailable"},
		{&attachment.RepositoryError{Op: "Get", Err: os.ErrDeadlineExceeded, Temporary: true}, http.StatusServiceUnavailable, "unavailable"},
	} {
		repo.err = c.err
		upload := f.upload(t, alice, text("b.txt", "beta"))
		require.Len(t, decode[uploaded](t, upload).Results, 1)
		for _, r := range []reply{upload, f.call(t, alice, "GET", one), f.call(t, alice, "GET", one+"/download"), f.call(t, nobody, "GET", p.PresignedURL)} {
			r.refused(t, c.status, c.code)
			require.Equal(t, c.status == http.StatusServiceUnavailable, r.Header.Get("Retry-After") != "")
			require.NotContains(t, r.body, "hunter2")
			require.Empty(t, r.Header.Get("ETag"))
		}
	}
	require.Contains(t, log.String(), "hunter2")
	require.NotContains(t, log.String(), "sig=")
	require.Contains(t, log.String(), `route="GET /api/v1/attachments/{id}/download"`)
}

// broken is a store whose blobs are not what their records say.
type broken struct {
	blob.Store
	open func(*blob.Reader) (*blob.Reader, error)
}

func (s *broken) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	r, err := s.Store.Open(ctx, key, offset, length)
	if err != nil || s.open == nil {
		return r, err
	}
	return s.open(r)
}

func TestBrokenBlobs(t *testing.T) {
	var store *broken
	f := newFixture(t, func(s *setup) {
		store = &broken{Store: s.store}
		s.store = store
	})
	p := f.clean(t, alice, "m1", "a.txt", content)

	store.open = func(*blob.Reader) (*blob.Reader, error) {
		return nil, &blob.Error{Op: "open", Key: p.StorageKey, Err: blob.ErrNotFound}
	}
	f.call(t, nobody, "GET", p.PresignedURL).refused(t, http.StatusInternalServerError, "internal")
	store.open = func(r *blob.Reader) (*blob.Reader, error) {
		info := r.Info
		info.Size++
		return blob.NewReader(info, r.Body()), nil
	}
	f.call(t, nobody, "GET", p.PresignedURL).refused(t, http.StatusInternalServerError, "internal")

	// What breaks under way, or ends early, is never taken for complete.
	for name, body := range map[string]io.Reader{
		"fails":      io.MultiReader(strings.NewReader(content[:4]), failingReader{}),
		"ends early": strings.NewReader(content[:4]),
	} {
		store.open = func(r *blob.Reader) (*blob.Reader, error) { return blob.NewReader(r.Info, io.NopCloser(body)), nil }
		response, err := f.server.Client().Transport.RoundTrip(f.request(t, nobody, "GET", p.PresignedURL, nil))
		if err == nil { // the header may have left before
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		require.Error(t, err, name)
		f.busy.Wait()
		require.False(t, f.events[len(f.events)-1].Complete)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

// overtaken is a repository in which the verdict comes after the first look.
type overtaken struct {
	*attachmenttest.Repository
	looks int
}

func (r *overtaken) Get(ctx context.Context, id string) (attachment.EmailAttachment, error) {
	record, err := r.Repository.Get(ctx, id)
	if r.looks--; err == nil && r.looks >= 0 {
		record.VirusScanStatus = scan.StatusPending
	}
	return record, err
}

// TestVerdictBetweenLooks: who is refused a pending attachment that is clean a
// moment later is told to ask again, not that clean ones are not served.
func TestVerdictBetweenLooks(t *testing.T) {
	repo := &overtaken{Repository: attachmenttest.NewRepository()}
	f := newFixture(t, func(s *setup) { s.repo = repo })
	p := f.clean(t, alice, "m1", "a.txt", content)
	repo.looks = 2 // to find the record, and whether it is served
	f.call(t, nobody, "GET", p.PresignedURL).refused(t, http.StatusConflict, "scan_pending")
	require.Equal(t, content, f.call(t, nobody, "GET", p.PresignedURL).body)
}
