package attachment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
)

// requireWhole requires that there are just the blobs that records refer to.
func requireWhole(t *testing.T, f *fixture) {
	t.Helper()
	page, err := f.List(as("acme"), attachment.Query{})
	require.NoError(t, err)
	var want []string
	for _, r := range page.Records {
		want = append(want, r.StorageKey)
	}
	require.ElementsMatch(t, want, f.blobs(t))
}

// TestWithdrawnAfterAdoption: a commit that fails for good though the blob is
// there takes nothing from whoever has relied on it meanwhile.
func TestWithdrawnAfterAdoption(t *testing.T) {
	f := newFixture(t)
	f.store.Inject(blobtest.Fault{Op: "commit", Nth: 1, After: true, Meanwhile: func() {
		f.succeed(t, node(content, map[string]any{"messageId": "second"}))
	}})
	f.refuse(t, attachment.CodeStorage, node(content, nil))
	require.Len(t, f.blobs(t), 1)
	requireWhole(t, f)
}

// TestRowGoneBeforeTheBlob: a sweep or an erasure takes the intent of an
// execution that hangs before its commit, which then leaves no blob behind.
func TestRowGoneBeforeTheBlob(t *testing.T) {
	for name, take := range map[string]func(f *fixture) error{
		"swept": func(f *fixture) error {
			f.now = f.now.Add(2 * time.Hour)
			_, err := f.Sweep(t.Context(), nil)
			return err
		},
		"erased": func(f *fixture) error {
			_, err := f.EraseTenant(t.Context(), "acme")
			return err
		},
	} {
		for size, parameters := range map[string]map[string]any{"small": nil, "large": large()} {
			t.Run(name+"/"+size, func(t *testing.T) {
				f := newFixture(t)
				f.store.Inject(blobtest.Fault{Op: "commit", Nth: 1, Meanwhile: func() { require.NoError(t, take(f)) }})
				f.Execute(as("acme"), node(content, parameters))
				require.Positive(t, f.store.Calls("commit"))
				requireWhole(t, f)
			})
		}
	}
}

// TestCancelledInTheStore: that the caller went is no fault of the store.
func TestCancelledInTheStore(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(as("acme"))
	f.store.Inject(blobtest.Fault{Op: "commit", Meanwhile: cancel})
	result := f.Execute(ctx, node(content, nil))
	require.Equal(t, attachment.CodeHandler, result.ErrorCode)
	require.True(t, *result.Retryable)
}
