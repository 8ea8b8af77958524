package blobtest

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

func (u suite) invisibleBeforeCommit(t tb, s blob.Store) {
	for i, size := range []int{0, 10, u.bulk} {
		key, data := fmt.Sprint("hidden/", i), noise(5, size)
		w := begin(t, s, key, data, nil)
		absent(t, s, key)
		commit(t, w)
		holds(t, s, key, data)
	}
}

func commitIsTerminal(t tb, s blob.Store) {
	w := begin(t, s, "done", []byte("once"), nil)
	commit(t, w)
	finished(t, s, w, "done")
	holds(t, s, "done", []byte("once"))
}

func (u suite) abortLeavesNothing(t tb, s blob.Store) {
	for i, size := range []int{0, 10, u.bulk} {
		key := fmt.Sprint("dropped/", i)
		w := begin(t, s, key, noise(6, size), nil)
		abort(t, w)
		finished(t, s, w, key)
		absent(t, s, key)
		put(t, s, key, []byte("free again"), nil)
	}
}

// finished fails t unless w refuses everything but Abort.
func finished(t tb, s blob.Store, w blob.Writer, key string) {
	t.Helper()
	_, err := w.Write([]byte("more"))
	refused(t, "Write to a finished Writer", err, blob.ErrFinished, key, "write")
	_, err = w.Commit(t.Context())
	refused(t, "Commit of a finished Writer", err, blob.ErrFinished, key, "commit")
	abort(t, w)
	abort(t, w)
}

func (u suite) takenKey(t tb, s blob.Store) {
	early := begin(t, s, "taken", []byte("late loser"), nil)
	put(t, s, "taken", []byte("first"), nil)

	_, err := early.Commit(t.Context())
	refused(t, "Commit of a key that was taken meanwhile", err, blob.ErrExists, "taken", "commit")
	finished(t, s, early, "taken")

	for i, size := range []int{0, 5, u.bulk} {
		err := tryPut(t, s, "taken", noise(byte(i), size))
		refused(t, "Create and Commit of a taken key", err, blob.ErrExists, "taken", "create", "write", "commit")
	}
	holds(t, s, "taken", []byte("first"))
}

// tryPut is put for a caller who expects to be refused, at any step.
func tryPut(t tb, s blob.Store, key string, data []byte) error {
	w, err := s.Create(t.Context(), key, nil)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(data); err != nil {
		return err
	}
	_, err = w.Commit(t.Context())
	return err
}

func race(t tb, s blob.Store) {
	const writers = 64
	contents := func(i int) []byte { return []byte(strings.Repeat(fmt.Sprintf("%02d", i), 1000)) }
	ready := make([]blob.Writer, writers)
	for i := range ready {
		ready[i] = begin(t, s, "race", contents(i), nil)
	}

	errs := make([]error, writers)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i, w := range ready {
		group.Go(func() {
			<-start
			_, errs[i] = w.Commit(t.Context())
		})
	}
	close(start)
	group.Wait()

	winner, winners := 0, 0
	for i, err := range errs {
		if err == nil {
			winner, winners = i, winners+1
		} else {
			refused(t, "Commit that lost the race", err, blob.ErrExists, "race", "commit")
		}
	}
	if winners != 1 {
		t.Fatalf("%d of %d racing writers won, want 1", winners, writers)
	}
	holds(t, s, "race", contents(winner))
}

func abortedRival(t tb, s blob.Store) {
	first := begin(t, s, "rivals", []byte("first"), nil)
	second := begin(t, s, "rivals", []byte("second"), nil)
	abort(t, first)
	commit(t, second)
	holds(t, s, "rivals", []byte("second"))
}

func (u suite) mismatch(t tb, s blob.Store) {
	for i, size := range []int{9, u.bulk} {
		data, other := noise(7, size), noise(8, size)
		for name, opts := range map[string]*blob.WriteOptions{
			"fewer bytes":  {Size: int64(size) + 1},
			"more bytes":   {Size: int64(size) - 1},
			"other digest": {SHA256: hexDigest(other)},
			"right size, other digest": {
				Size: int64(size), SHA256: hexDigest(other),
			},
		} {
			key := fmt.Sprint("mismatch/", i)
			err := putAnnounced(t, s, key, data, opts)
			refused(t, fmt.Sprintf("%d bytes, %s than announced", size, name), err, blob.ErrMismatch, key, "commit", "write")
			absent(t, s, key)
		}
		key, right := fmt.Sprint("match/", i), &blob.WriteOptions{Size: int64(size), SHA256: hexDigest(data)}
		if err := putAnnounced(t, s, key, data, right); err != nil {
			t.Fatalf("bytes as announced were refused: %v", err)
		}
		holds(t, s, key, data)
	}
	err := putAnnounced(t, s, "mismatch/empty", nil, &blob.WriteOptions{SHA256: hexDigest([]byte("x"))})
	refused(t, "no bytes, other digest than announced", err, blob.ErrMismatch, "mismatch/empty", "commit")
}

func (u suite) hashed(t tb, s blob.Store) {
	for i, size := range []int{9, u.bulk} {
		key, data := fmt.Sprint("hashed/", i), noise(9, size)
		opts := &blob.WriteOptions{Size: int64(size), SHA256: hexDigest(data), Hashed: true}
		err := putAnnounced(t, s, key, data[1:], opts)
		refused(t, "fewer bytes than were hashed", err, blob.ErrMismatch, key, "commit", "write")
		info := put(t, s, key, data, opts)
		holds(t, s, key, data)
		if info.SHA256 != opts.SHA256 {
			t.Errorf("digest in Info is %q, want %q", info.SHA256, opts.SHA256)
		}
	}
}

// putAnnounced also checks that a refusal is final. A store may notice at the
// first byte too many.
func putAnnounced(t tb, s blob.Store, key string, data []byte, opts *blob.WriteOptions) error {
	w, err := s.Create(t.Context(), key, opts)
	if err != nil {
		return err
	}
	_, wErr := w.Write(data)
	_, err = w.Commit(t.Context())
	finished(t, s, w, key)
	return errors.Join(wErr, err)
}

func concurrentWriters(t tb, s blob.Store) {
	const writers = 16
	data := func(i int) []byte { return noise(byte(i), 20_000+i) }
	errs := make([]error, writers)
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() { errs[i] = tryPut(t, s, fmt.Sprint("parallel/", i), data(i)) })
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("writer %d: %v", i, err)
		}
		holds(t, s, fmt.Sprint("parallel/", i), data(i))
	}
}
