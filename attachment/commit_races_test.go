package attachment_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// aroundStore has something happen around the first commit.
type aroundStore struct {
	*memblob.Store
	before func()
	after  func() error
}

func (s *aroundStore) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	w, err := s.Store.Create(ctx, key, opts)
	return &aroundWriter{w, s}, err
}

type aroundWriter struct {
	blob.Writer
	store *aroundStore
}

func (w *aroundWriter) Commit(ctx context.Context) (blob.Info, error) {
	if before := w.store.before; before != nil {
		w.store.before = nil
		before()
	}
	info, err := w.Writer.Commit(ctx)
	if after := w.store.after; after != nil && err == nil {
		w.store.after = nil
		err = after()
	}
	return info, err
}

// around returns a handler over such a store, with the clock of a fixture.
func around(t *testing.T) (*fixture, *aroundStore, *attachment.AttachmentHandler) {
	f, s := newFixture(t), &aroundStore{Store: memblob.New(nil)}
	h, err := attachment.New(s, attachmenttest.NewRepository(), &attachment.Options{
		Now: f.clock, RaceWait: 5 * time.Second, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return f, s, h
}

// requireWhole requires that there are just the blobs that records refer to.
func requireWhole(t *testing.T, s *aroundStore, h *attachment.AttachmentHandler) {
	t.Helper()
	page, err := h.List(as("acme"), attachment.Query{})
	require.NoError(t, err)
	want, got := []string{}, []string{}
	for _, r := range page.Records {
		want = append(want, r.StorageKey)
	}
	for info, err := range s.List(t.Context(), "") {
		require.NoError(t, err)
		got = append(got, info.Key)
	}
	require.ElementsMatch(t, want, got)
}

// TestWithdrawnAfterAdoption: a commit that fails for good though the blob is
// there takes nothing from whoever has relied on it meanwhile.
func TestWithdrawnAfterAdoption(t *testing.T) {
	_, s, h := around(t)
	s.after = func() error {
		second := h.Execute(as("acme"), node(content, map[string]any{"messageId": "second"}))
		require.Equal(t, attachment.StatusSuccess, second.Status, second.Error)
		return &blob.Error{Op: "commit", Err: errors.New("permanent")}
	}
	first := h.Execute(as("acme"), node(content, nil))
	require.Equal(t, attachment.CodeStorage, first.ErrorCode)
	requireWhole(t, s, h)
}

// TestRowGoneBeforeTheBlob: a sweep or an erasure takes the intent of an
// execution that hangs before its commit, which then leaves no blob behind.
func TestRowGoneBeforeTheBlob(t *testing.T) {
	for size, parameters := range map[string]map[string]any{"small": nil, "large": large()} {
		t.Run("swept/"+size, func(t *testing.T) {
			f, s, h := around(t)
			s.before = func() {
				f.now = f.now.Add(2 * time.Hour)
				_, err := h.Sweep(t.Context(), nil)
				require.NoError(t, err)
			}
			h.Execute(as("acme"), node(content, parameters))
			requireWhole(t, s, h)
		})
		t.Run("erased/"+size, func(t *testing.T) {
			_, s, h := around(t)
			s.before = func() {
				_, err := h.EraseTenant(t.Context(), "acme")
				require.NoError(t, err)
			}
			h.Execute(as("acme"), node(content, parameters))
			requireWhole(t, s, h)
		})
	}
}

// TestCancelledInTheStore: that the caller went is no fault of the store.
func TestCancelledInTheStore(t *testing.T) {
	_, s, h := around(t)
	ctx, cancel := context.WithCancel(as("acme"))
	s.before = cancel
	result := h.Execute(ctx, node(content, nil))
	require.Equal(t, attachment.CodeHandler, result.ErrorCode)
	require.True(t, *result.Retryable)
}
