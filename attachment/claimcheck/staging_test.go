package claimcheck_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/claimcheck"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func as(ctx context.Context, tenantID string, actions ...tenant.Action) context.Context {
	return tenant.NewContext(ctx, tenant.User{Tenant: tenantID, ID: "maria", Actions: actions})
}

func writer(t *testing.T, tenantID string) context.Context {
	return as(t.Context(), tenantID, tenant.Write)
}

// keys are what a store holds, committed or not.
func keys(t *testing.T, store blob.Store) (all []string) {
	t.Helper()
	lister, ok := blob.As[blob.Lister](store)
	require.True(t, ok)
	for info, err := range lister.List(t.Context(), "") {
		require.NoError(t, err)
		all = append(all, info.Key)
	}
	return all
}

func TestReferenceOpensUntilReleased(t *testing.T) {
	store := memblob.New(nil)
	staging, ctx := claimcheck.New(store, nil), writer(t, "acme")
	ref, err := staging.Stage(ctx, strings.NewReader("some bytes"))
	require.NoError(t, err)
	require.LessOrEqual(t, len(ref.Ref), 64)
	for range 2 {
		body, err := staging.OpenReference(ctx, ref)
		require.NoError(t, err)
		data, err := io.ReadAll(body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		require.Equal(t, "some bytes", string(data))
	}
	for range 2 {
		require.NoError(t, staging.Release(ctx, ref))
		_, err = staging.OpenReference(ctx, ref)
		require.ErrorIs(t, err, claimcheck.ErrGone)
	}
	require.Empty(t, keys(t, store))
}

func TestReferenceIsTheTenants(t *testing.T) {
	store := memblob.New(nil)
	staging := claimcheck.New(store, nil)
	ref, err := staging.Stage(writer(t, "acme"), strings.NewReader("secret"))
	require.NoError(t, err)

	for _, other := range []string{"acm", "acme.", "ACME", "acme2"} {
		_, err := staging.OpenReference(writer(t, other), ref)
		require.ErrorIs(t, err, claimcheck.ErrGone, other)
		require.NoError(t, staging.Release(writer(t, other), ref))
	}
	_, err = staging.OpenReference(t.Context(), ref)
	require.ErrorIs(t, err, tenant.ErrMissing)
	require.ErrorIs(t, staging.Release(t.Context(), ref), tenant.ErrMissing)
	_, err = staging.Stage(t.Context(), strings.NewReader(""))
	require.ErrorIs(t, err, tenant.ErrMissing)
	_, err = staging.OpenReference(as(t.Context(), "acme", tenant.Read), ref)
	require.ErrorIs(t, err, tenant.ErrForbidden)

	body, err := staging.OpenReference(writer(t, "acme"), ref)
	require.NoError(t, err, "nobody else could release it")
	require.NoError(t, body.Close())
}

func TestFailedStageLeavesNothing(t *testing.T) {
	broken := errors.New("connection lost")
	for name, c := range map[string]struct {
		body io.Reader
		want error
	}{
		"too large": {strings.NewReader(strings.Repeat("x", 1001)), claimcheck.ErrTooLarge},
		"broken":    {io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken)), broken},
	} {
		t.Run(name, func(t *testing.T) {
			store, err := fsblob.New(t.TempDir(), nil)
			require.NoError(t, err)
			staging := claimcheck.New(store, &claimcheck.Options{MaxSize: 1000})
			_, err = staging.Stage(writer(t, "acme"), c.body)
			require.ErrorIs(t, err, c.want)
			require.Empty(t, keys(t, store))
			removed, err := staging.Sweep(t.Context(), time.Now().Add(time.Hour))
			require.NoError(t, err)
			require.Zero(t, removed, "not even an unfinished write")
		})
	}
	staging := claimcheck.New(memblob.New(nil), &claimcheck.Options{MaxSize: 1000})
	_, err := staging.Stage(writer(t, "acme"), strings.NewReader(strings.Repeat("x", 1000)))
	require.NoError(t, err, "the limit itself fits")
	ctx, cancel := context.WithCancel(writer(t, "acme"))
	cancel()
	_, err = staging.Stage(ctx, strings.NewReader("x"))
	require.ErrorIs(t, err, context.Canceled)
}

func TestStageInBoundedMemory(t *testing.T) {
	store, err := fsblob.New(t.TempDir(), &fsblob.Options{})
	require.NoError(t, err)
	staging := claimcheck.New(store, &claimcheck.Options{MaxSize: 64 << 20})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = staging.Stage(writer(t, "acme"), io.LimitReader(zeros{}, 64<<20))
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), "for 64 MiB")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestSweepTakesWhatWasAbandoned(t *testing.T) {
	store := memblob.New(nil)
	w, err := store.Create(t.Context(), "acme/attachments/kept", nil)
	require.NoError(t, err)
	_, err = w.Commit(t.Context())
	require.NoError(t, err)

	staging := claimcheck.New(store, nil)
	for _, id := range []string{"acme", "other"} {
		for range 3 {
			_, err := staging.Stage(writer(t, id), strings.NewReader(id))
			require.NoError(t, err)
		}
	}
	removed, err := staging.Sweep(t.Context(), time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Zero(t, removed, "they may still be used")
	removed, err = staging.Sweep(t.Context(), time.Now().Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, 6, removed)
	require.Equal(t, []string{"acme/attachments/kept"}, keys(t, store))
}

// TestNodeRetries runs the node as an engine does that lost the first answer.
func TestNodeRetries(t *testing.T) {
	store := memblob.New(nil)
	staging, ctx := claimcheck.New(store, nil), writer(t, "acme")
	handler, err := attachment.New(tenant.NewStore(memblob.New(nil), nil), attachmenttest.NewRepository(), &attachment.Options{Source: staging})
	require.NoError(t, err)
	ref, err := staging.Stage(ctx, strings.NewReader("some bytes"))
	require.NoError(t, err)
	node := attachment.Node{Type: attachment.NodeType, Parameters: map[string]any{
		"messageId": "m1", "filename": "a.txt", "size": 10, "attachmentData": map[string]any{"ref": ref.Ref},
	}}
	asOther := tenant.NewContext(t.Context(), tenant.User{Tenant: "other", ID: "eve", Actions: []tenant.Action{tenant.Write}})
	stolen := handler.Execute(asOther, node)
	require.Equal(t, attachment.CodeHandler, stolen.ErrorCode)
	require.False(t, *stolen.Retryable)

	first, again := handler.Execute(ctx, node), handler.Execute(ctx, node)
	require.Equal(t, attachment.StatusSuccess, first.Status, first.Error)
	require.Equal(t, first.Output.Data.AttachmentID, again.Output.Data.AttachmentID)

	require.NoError(t, staging.Release(ctx, ref))
	late := handler.Execute(ctx, node)
	require.Equal(t, attachment.CodeHandler, late.ErrorCode)
	require.Contains(t, late.Error, "gone")
	require.False(t, *late.Retryable, "no retry brings the bytes back")
}

// FuzzReference opens and releases whatever a workflow may name: nothing but
// what Stage returned is ever found, and nothing else is touched.
func FuzzReference(f *testing.F) {
	for _, seed := range []string{
		"staged:", "staged:../acme/AAAAAAAAAAAAAAAAAAAAAAAAAA", "staged:AAAAAAAAAAAAAAAAAAAAAAAAAA", "staged:aaaaaaaaaaaaaaaaaaaaaaaaaa",
		"staged:AAAAAAAAAAAAAAAAAAAAAAAAA/", "staged:AAAAAAAAAAAAAAAAAAAAAAAAA\x00", "file:/etc/passwd", "file:../x", "", ":", "STAGED:x",
	} {
		f.Add(seed)
	}
	store := memblob.New(nil)
	staging := claimcheck.New(store, nil)
	secret, err := staging.Stage(as(context.Background(), "acme", tenant.Write), bytes.NewReader([]byte("secret")))
	if err != nil {
		f.Fatal(err)
	}
	mux := claimcheck.Mux{claimcheck.StagedScheme: staging}
	f.Fuzz(func(t *testing.T, text string) {
		for _, ref := range []string{text, secret.Ref + text, text + secret.Ref} {
			if ref == secret.Ref {
				continue
			}
			for _, id := range []string{"acme", "other"} {
				_, err := mux.OpenReference(writer(t, id), attachment.Reference{Ref: ref})
				if !errors.Is(err, claimcheck.ErrReference) && !errors.Is(err, claimcheck.ErrGone) {
					t.Fatalf("%q: %v", ref, err)
				}
				_ = staging.Release(writer(t, id), attachment.Reference{Ref: ref})
			}
		}
		if _, err := staging.OpenReference(writer(t, "acme"), secret); err != nil {
			t.Fatalf("%q released another's: %v", text, err)
		}
	})
}
