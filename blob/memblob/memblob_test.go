package memblob_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blob.Store { return memblob.New(nil) })
}

func TestMaxBytesCountsWhatIsStoredAndStaged(t *testing.T) {
	ctx, s := t.Context(), memblob.New(&memblob.Options{MaxBytes: 10})
	put := func(key, data string) error {
		w, err := s.Create(ctx, key, nil)
		require.NoError(t, err)
		defer w.Abort()
		if _, err := io.WriteString(w, data); err != nil {
			_, commitErr := w.Commit(ctx)
			require.Error(t, commitErr, "a Writer that failed cannot publish")
			return err
		}
		_, err = w.Commit(ctx)
		return err
	}
	full := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, blob.ErrNoSpace)
		require.True(t, blob.Retryable(err))
	}

	require.NoError(t, put("a", "123456"))
	full(put("b", "12345"))
	require.NoError(t, put("b", "1234"), "the refused write gave its bytes back")
	_, err := s.Copy(ctx, "c", "b")
	full(err)
	require.NoError(t, s.Delete(ctx, "a"))
	_, err = s.Copy(ctx, "c", "b")
	require.NoError(t, err)
	full(put("d", "123"))

	w, err := s.Create(ctx, "e", nil)
	require.NoError(t, err)
	_, err = io.WriteString(w, "12")
	require.NoError(t, err)
	full(put("f", "1"))
	removed, err := s.Reclaim(ctx, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.NoError(t, put("f", "12"), "a reclaimed write gave its bytes back")
	_, err = w.Commit(ctx)
	require.ErrorIs(t, err, blob.ErrFinished)
}

func TestNowTellsModTime(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.FixedZone("", 7200))
	s := memblob.New(&memblob.Options{Now: func() time.Time { return noon }})
	w, err := s.Create(t.Context(), "k", nil)
	require.NoError(t, err)
	info, err := w.Commit(t.Context())
	require.NoError(t, err)
	require.Equal(t, noon.UTC(), info.ModTime)
}

func TestBodyIsRandomAccess(t *testing.T) {
	s := memblob.New(nil)
	w, err := s.Create(t.Context(), "k", nil)
	require.NoError(t, err)
	_, err = io.Copy(w, strings.NewReader("0123456789"))
	require.NoError(t, err)
	_, err = w.Commit(t.Context())
	require.NoError(t, err)

	r, err := s.Open(t.Context(), "k", 2, 5)
	require.NoError(t, err)
	at, ok := r.Body().(io.ReaderAt)
	require.True(t, ok)
	p := make([]byte, 2)
	_, err = at.ReadAt(p, 1)
	require.NoError(t, err)
	require.Equal(t, "34", string(p), "offset zero is where the range begins")
	_, err = r.Body().(io.Seeker).Seek(-1, io.SeekEnd)
	require.NoError(t, err)
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, "6", string(rest))

	require.NoError(t, r.Close())
	_, err = r.Read(p)
	require.Error(t, err, "closed")
}

func Example() {
	ctx, store := context.Background(), memblob.New(nil)

	w, err := store.Create(ctx, "invoices/2026/17.pdf", &blob.WriteOptions{ContentType: "application/pdf"})
	if err != nil {
		panic(err)
	}
	defer w.Abort()
	if _, err := io.WriteString(w, "%PDF-1.7"); err != nil {
		panic(err)
	}
	info, err := w.Commit(ctx)
	fmt.Println(info.Size, info.ContentType, err)

	r, err := store.Open(ctx, "invoices/2026/17.pdf", 1, 3)
	if err != nil {
		panic(err)
	}
	defer r.Close()
	part, err := io.ReadAll(r)
	fmt.Println(string(part), err)
	// Output:
	// 8 application/pdf <nil>
	// PDF <nil>
}
