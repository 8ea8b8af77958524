package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

func faultyPut(ctx context.Context, s blob.Store, key, data string) error {
	w, err := s.Create(ctx, key, nil)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, strings.NewReader(data)); err != nil {
		return err
	}
	_, err = w.Commit(ctx)
	return err
}

func faultyGet(ctx context.Context, s blob.Store, key string) (string, error) {
	r, err := s.Open(ctx, key, 0, -1)
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return string(data), err
}

func TestFaultStrikesTheChosenCall(t *testing.T) {
	ctx, inner := t.Context(), memblob.New(nil)
	f := NewFaulty(inner, Fault{Op: "create", Nth: 2, Err: io.ErrClosedPipe, Temporary: true})
	require.NoError(t, faultyPut(ctx, f, "a", "x"))
	err := faultyPut(ctx, f, "b", "x")
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.True(t, blob.Retryable(err))
	require.NoError(t, faultyPut(ctx, f, "b", "x"))
	require.Equal(t, 3, f.Calls("create"))
	require.Equal(t, 2, f.Calls("commit"))

	f.Inject(Fault{Op: "delete"}, Fault{Op: "stat", Err: &blob.Error{Op: "stat", Key: "k", Err: io.ErrNoProgress}})
	for range 2 {
		require.ErrorIs(t, f.Delete(ctx, "a"), ErrInjected)
	}
	_, err = blob.Stat(ctx, f, "a")
	require.EqualError(t, err, `blob: stat "k": `+io.ErrNoProgress.Error(), "an error of the caller's own making comes as it is")
	f.Heal()
	require.NoError(t, f.Delete(ctx, "a"))
}

func TestFaultyWrites(t *testing.T) {
	ctx, inner := t.Context(), memblob.New(nil)

	f := NewFaulty(inner, Fault{Op: "write", Nth: 1, Short: 3, Err: io.ErrShortWrite})
	w, err := f.Create(ctx, "k", nil)
	require.NoError(t, err)
	n, err := w.Write([]byte("12345"))
	require.Equal(t, 3, n)
	require.ErrorIs(t, err, io.ErrShortWrite)
	_, err = w.Write([]byte("45"))
	require.ErrorIs(t, err, io.ErrShortWrite, "a Writer that failed can only be aborted")
	_, err = w.Commit(ctx)
	require.ErrorIs(t, err, io.ErrShortWrite)
	_, err = w.Commit(ctx)
	require.ErrorIs(t, err, blob.ErrFinished)
	_, err = inner.Stat(ctx, "k")
	require.ErrorIs(t, err, blob.ErrNotFound)

	f = NewFaulty(inner, Fault{Op: "commit", Nth: 1})
	require.ErrorIs(t, faultyPut(ctx, f, "k", "x"), ErrInjected)
	_, err = inner.Stat(ctx, "k")
	require.ErrorIs(t, err, blob.ErrNotFound, "failed before its work")
	removed, err := inner.Reclaim(ctx, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, removed, "nothing is left unfinished")

	f = NewFaulty(inner, Fault{Op: "commit", Nth: 1, After: true})
	require.ErrorIs(t, faultyPut(ctx, f, "k", "x"), ErrInjected)
	_, err = inner.Stat(ctx, "k")
	require.NoError(t, err, "failed after its work")
	require.ErrorIs(t, faultyPut(ctx, f, "k", "x"), blob.ErrExists)

	f = NewFaulty(inner, Fault{Op: "create", After: true}, Fault{Op: "abort", Nth: 1})
	require.ErrorIs(t, faultyPut(ctx, f, "lost", "x"), ErrInjected)
	removed, err = inner.Reclaim(ctx, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, removed, "a writer that nobody got is aborted")

	f.Heal()
	f.Inject(Fault{Op: "abort"})
	w, err = f.Create(ctx, "dead", nil)
	require.NoError(t, err)
	require.ErrorIs(t, w.Abort(), ErrInjected)
	removed, err = inner.Reclaim(ctx, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, removed, "as if the process had died")
}

func TestFaultyReads(t *testing.T) {
	ctx, inner := t.Context(), memblob.New(nil)
	data := strings.Repeat("0123456789", 10_000)
	require.NoError(t, faultyPut(ctx, inner, "k", data))

	got, err := faultyGet(ctx, NewFaulty(inner, Fault{Op: "read", Nth: 2, Short: 7}), "k")
	require.ErrorIs(t, err, ErrInjected)
	require.True(t, strings.HasPrefix(data, got))

	cut, err := faultyGet(ctx, NewFaulty(inner, Fault{Op: "read", Nth: 2, Short: 7, Cut: true}), "k")
	require.NoError(t, err, "a cut looks like a clean end")
	require.Equal(t, got, cut)

	_, err = faultyGet(ctx, NewFaulty(inner, Fault{Op: "open", After: true}), "k")
	require.ErrorIs(t, err, ErrInjected)

	r, err := NewFaulty(inner, Fault{Op: "read", Short: 5, Cut: true}).Open(ctx, "k", 0, -1)
	require.NoError(t, err)
	var buf bytes.Buffer
	_, err = r.WriteTo(&buf)
	require.NoError(t, err)
	require.Equal(t, "01234", buf.String(), "no byte goes around the fault")
	require.NoError(t, r.Close())
}

func TestFaultDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := NewFaulty(memblob.New(nil), Fault{Op: "commit", Delay: time.Minute})
		began := time.Now()
		require.NoError(t, faultyPut(t.Context(), f, "a", "x"))
		require.Equal(t, time.Minute, time.Since(began))

		w, err := f.Create(t.Context(), "b", nil)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = w.Commit(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = f.Stat(t.Context(), "b")
		require.ErrorIs(t, err, blob.ErrNotFound)

		f.Inject(Fault{Op: "delete", Delay: time.Hour, Err: io.ErrClosedPipe})
		require.ErrorIs(t, f.Delete(t.Context(), "a"), io.ErrClosedPipe)
		require.Equal(t, time.Hour+time.Minute+time.Second, time.Since(began))
	})
}

func TestWhatHappensMeanwhile(t *testing.T) {
	f := NewFaulty(memblob.New(nil))
	there := func() bool {
		_, err := f.Stat(t.Context(), "a")
		return err == nil
	}
	var before, after bool
	f.Inject(Fault{Op: "commit", Nth: 1, Meanwhile: func() { before = there() }})
	require.NoError(t, faultyPut(t.Context(), f, "a", "x"), "nothing worse")
	require.False(t, before)

	require.NoError(t, f.Delete(t.Context(), "a"))
	f.Inject(Fault{Op: "commit", After: true, Meanwhile: func() { after = there() }})
	require.ErrorIs(t, faultyPut(t.Context(), f, "a", "x"), ErrInjected)
	require.True(t, after)
}

func TestFaultyOptionalInterfaces(t *testing.T) {
	ctx, inner := t.Context(), memblob.New(nil)
	require.NoError(t, faultyPut(ctx, inner, "a", "x"))
	require.NoError(t, faultyPut(ctx, inner, "b", "x"))
	f := NewFaulty(inner, Fault{Op: "copy"}, Fault{Op: "reclaim"}, Fault{Op: "list", After: true})
	require.Same(t, inner, f.Unwrap())

	_, err := f.Copy(ctx, "c", "a")
	require.ErrorIs(t, err, ErrInjected)
	_, err = f.Reclaim(ctx, time.Now())
	require.ErrorIs(t, err, ErrInjected)
	_, err = f.SignURL(ctx, "a", nil)
	require.ErrorIs(t, err, blob.ErrUnsupported, "memblob signs nothing")

	var seen []string
	for info, e := range f.List(ctx, "") {
		if err = e; e == nil {
			seen = append(seen, info.Key)
		}
	}
	require.ElementsMatch(t, []string{"a", "b"}, seen)
	require.ErrorIs(t, err, ErrInjected, "after its work")
	for range f.List(ctx, "") {
		break
	}

	w, err := f.Create(ctx, "d", nil)
	require.NoError(t, err)
	defer w.Abort()
	_, ok := blob.AsWriter[blob.Digester](w)
	require.True(t, ok)
}

func TestBindReachesEveryCall(t *testing.T) {
	type name struct{}
	seen := 0
	with := func(ctx context.Context) context.Context {
		seen++
		return context.WithValue(ctx, name{}, "tenant")
	}
	s := Bind(&needsName{memblob.New(nil), func(ctx context.Context) error {
		if ctx.Value(name{}) == nil {
			return errors.New("no name")
		}
		return nil
	}}, with)
	require.Empty(t, complaints(t, func(r tb) { bytesComeBack(r, s) }))
	require.Empty(t, complaints(t, func(r tb) { deleteRemoves(r, s) }))
	require.Positive(t, seen)
}

// needsName fails calls whose context check refuses.
type needsName struct {
	blob.Store
	check func(context.Context) error
}

func (n *needsName) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	if err := n.check(ctx); err != nil {
		return nil, err
	}
	w, err := n.Store.Create(ctx, key, opts)
	return &needsNameWriter{w, n}, err
}

type needsNameWriter struct {
	blob.Writer
	store *needsName
}

func (w *needsNameWriter) Commit(ctx context.Context) (blob.Info, error) {
	if err := w.store.check(ctx); err != nil {
		return blob.Info{}, err
	}
	return w.Writer.Commit(ctx)
}

func (n *needsName) Open(ctx context.Context, key string, offset, length int64) (*blob.Reader, error) {
	if err := n.check(ctx); err != nil {
		return nil, err
	}
	return n.Store.Open(ctx, key, offset, length)
}

func (n *needsName) Delete(ctx context.Context, key string) error {
	if err := n.check(ctx); err != nil {
		return err
	}
	return n.Store.Delete(ctx, key)
}
