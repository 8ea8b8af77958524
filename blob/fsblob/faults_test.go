//go:build unix

package fsblob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// failingDisk fails one operation, counted over everything that the store asks
// of the disk, and notes what it was asked.
type failingDisk struct {
	disk
	failAt int // counted from 1; 0 never fails
	with   syscall.Errno
	ops    []string
}

func (d *failingDisk) fail(op string) error {
	d.ops = append(d.ops, op)
	if len(d.ops) == d.failAt {
		return &fs.PathError{Op: op, Path: "x", Err: d.with}
	}
	return nil
}

func (d *failingDisk) struck() bool { return d.failAt > 0 && len(d.ops) >= d.failAt }

func (d *failingDisk) create(name string) (file, error) {
	if err := d.fail("create"); err != nil {
		return nil, err
	}
	f, err := d.disk.create(name)
	return &failingFile{f, d}, err
}

func (d *failingDisk) open(name string) (*os.File, error) {
	if err := d.fail("open"); err != nil {
		return nil, err
	}
	return d.disk.open(name)
}

func (d *failingDisk) stat(name string) (fs.FileInfo, error) {
	if err := d.fail("stat"); err != nil {
		return nil, err
	}
	return d.disk.stat(name)
}

func (d *failingDisk) link(name, to string) error {
	return errors.Join(d.fail("link"), skipIf(d.struckNow(), func() error { return d.disk.link(name, to) }))
}

func (d *failingDisk) remove(name string) error {
	return errors.Join(d.fail("remove"), skipIf(d.struckNow(), func() error { return d.disk.remove(name) }))
}

func (d *failingDisk) syncDir(name string) error {
	return errors.Join(d.fail("syncdir"), skipIf(d.struckNow(), func() error { return d.disk.syncDir(name) }))
}

func (d *failingDisk) struckNow() bool { return len(d.ops) == d.failAt }

func skipIf(skip bool, do func() error) error {
	if skip {
		return nil
	}
	return do()
}

type failingFile struct {
	file
	disk *failingDisk
}

func (f *failingFile) Write(p []byte) (int, error) {
	if err := f.disk.fail("write"); err != nil {
		n, _ := f.file.Write(p[:len(p)/2]) // as a disk does that fills up
		return n, err
	}
	return f.file.Write(p)
}

func (f *failingFile) ReadFrom(r io.Reader) (int64, error) {
	if err := f.disk.fail("readfrom"); err != nil {
		return 0, err
	}
	return f.file.ReadFrom(r)
}

func (f *failingFile) Sync() error {
	if err := f.disk.fail("sync"); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *failingFile) Close() error {
	err := f.file.Close()
	if errors.Is(err, fs.ErrClosed) {
		return err
	}
	return errors.Join(err, f.disk.fail("close"))
}

func mustNew(t *testing.T) *Store {
	s, err := New(t.TempDir(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func putFault(ctx context.Context, s *Store, key string, data []byte) error {
	w, err := s.Create(ctx, key, nil)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, bytes.NewReader(data)); err != nil {
		return err
	}
	_, err = w.Commit(ctx)
	return err
}

// TestStatIsAPromise: who has seen a blob may rely on it, though its writer has
// yet to sync the folder, and even if that fails.
func TestStatIsAPromise(t *testing.T) {
	s := mustNew(t)
	d := &failingDisk{disk: s.disk, with: syscall.EIO}
	s.disk = d
	require.NoError(t, putFault(t.Context(), s, "k", []byte("x")))
	written := d.ops
	d.ops = nil
	_, err := s.Stat(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, "syncdir", d.ops[len(d.ops)-1])

	d.ops, d.failAt = nil, slices.Index(written, "syncdir")+1
	require.ErrorIs(t, putFault(t.Context(), s, "l", []byte("x")), syscall.EIO)
	_, err = s.Stat(t.Context(), "l")
	require.NoError(t, err)
}

// TestEveryStepMayFail lets each step of each kind of write fail in turn. Either
// the call says so, in the right words, and nothing is there; or the blob is. Only
// when the last step fails both may be true.
func TestEveryStepMayFail(t *testing.T) {
	small, large := []byte("small"), bytes.Repeat([]byte("large"), 200_000)
	ctx := t.Context()
	for name, c := range map[string]struct {
		data []byte
		call func(s *Store) error
	}{
		"small": {small, func(s *Store) error { return putFault(ctx, s, "new", small) }},
		"large": {large, func(s *Store) error { return putFault(ctx, s, "new", large) }},
		"copy": {small, func(s *Store) error {
			_, err := s.Copy(ctx, "new", "source")
			return err
		}},
	} {
		for errno, want := range map[syscall.Errno]error{
			syscall.ENOSPC: blob.ErrNoSpace, syscall.EDQUOT: blob.ErrNoSpace,
			syscall.EIO: syscall.EIO, syscall.EFBIG: blob.ErrTooLarge, syscall.EROFS: syscall.EROFS,
		} {
			t.Run(fmt.Sprintf("%s %v", name, errno), func(t *testing.T) {
				s := mustNew(t)
				right := s.disk
				require.NoError(t, putFault(ctx, s, "source", small))
				for step := 1; ; step++ {
					failing := &failingDisk{disk: right, failAt: step, with: errno}
					s.disk = failing
					err := c.call(s)
					s.disk = right
					if !failing.struck() {
						require.NoError(t, err)
						require.Greater(t, step, 7, "too few steps: %q", failing.ops)
						return
					}
					failed := failing.ops[step-1]
					temp, cleanErr := os.ReadDir(s.disk.(rootDisk).root.Name() + "/tmp")
					require.NoError(t, cleanErr)
					if err != nil {
						require.ErrorIs(t, err, want, failed)
						require.ErrorIs(t, err, errno, failed)
						var e *blob.Error
						require.ErrorAs(t, err, &e, failed)
						temporary := errno != syscall.EFBIG && errno != syscall.EROFS
						require.Equal(t, temporary, blob.Retryable(err), failed)
						if failed == "syncdir" { // somebody may have seen it
							require.NoError(t, s.Delete(ctx, "new"))
						}
						_, err = s.Stat(ctx, "new")
						require.ErrorIs(t, err, blob.ErrNotFound, failed)
						require.Empty(t, temp, failed)
					} else {
						require.Equal(t, "remove", failed, "only cleaning up may fail unheard")
						require.Len(t, temp, 1)
						n, err := s.Reclaim(ctx, time.Now().Add(time.Minute))
						require.NoError(t, err)
						require.Equal(t, 1, n)
						r, err := s.Open(ctx, "new", 0, -1)
						require.NoError(t, err)
						got, err := io.ReadAll(r)
						require.NoError(t, err)
						require.NoError(t, r.Close())
						require.Equal(t, c.data, got)
						require.NoError(t, s.Delete(ctx, "new"))
					}
				}
			})
		}
	}
}

func TestAFailedWriteIsFinal(t *testing.T) {
	s := mustNew(t)
	s.disk = &failingDisk{disk: s.disk, failAt: 3, with: syscall.ENOSPC} // stat, create, write
	w, err := s.Create(t.Context(), "k", nil)
	require.NoError(t, err)
	_, err = w.Write(make([]byte, chunkSize+1))
	require.ErrorIs(t, err, blob.ErrNoSpace)
	_, err = w.Write([]byte("more"))
	require.ErrorIs(t, err, blob.ErrNoSpace)
	_, err = w.Commit(t.Context())
	require.ErrorIs(t, err, blob.ErrNoSpace)
	_, err = w.Commit(t.Context())
	require.ErrorIs(t, err, blob.ErrFinished)
}

// Whoever is told ErrExists relies on the blob. So it is on disk by then, even
// if its own writer has not got that far.
func TestTakenMeansDurable(t *testing.T) {
	s, ctx := mustNew(t), t.Context()
	early, err := s.Create(ctx, "k", nil)
	require.NoError(t, err)
	require.NoError(t, putFault(ctx, s, "k", nil))

	noting := &failingDisk{disk: s.disk}
	s.disk = noting
	_, err = s.Create(ctx, "k", nil)
	require.ErrorIs(t, err, blob.ErrExists)
	require.Equal(t, []string{"stat", "syncdir"}, noting.ops)

	small, err := s.Create(ctx, "k", &blob.WriteOptions{Size: 3})
	require.NoError(t, err)
	_, err = small.Write([]byte("abc"))
	require.NoError(t, err)
	for _, w := range []blob.Writer{early, small} {
		noting.ops = nil
		_, err = w.Commit(ctx)
		require.ErrorIs(t, err, blob.ErrExists)
		require.Equal(t, []string{"create", "write", "sync", "close", "link", "syncdir", "remove"}, noting.ops)
	}
}

func TestDeleteIsDurable(t *testing.T) {
	s, ctx := mustNew(t), t.Context()
	require.NoError(t, putFault(ctx, s, "k", nil))
	noting := &failingDisk{disk: s.disk}
	s.disk = noting
	require.NoError(t, s.Delete(ctx, "k"))
	require.Equal(t, []string{"remove", "syncdir"}, noting.ops)

	s.disk = &failingDisk{disk: noting.disk, failAt: 1, with: syscall.EIO}
	require.ErrorIs(t, s.Delete(ctx, "k"), syscall.EIO)
}
