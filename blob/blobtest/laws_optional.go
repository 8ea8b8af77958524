package blobtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

func unsupported(err error) bool { return errors.Is(err, blob.ErrUnsupported) }

// listed returns the sorted keys under prefix, or nil where s cannot list.
func listed(t tb, s blob.Store, prefix string) []string {
	t.Helper()
	var keys []string
	for info, err := range blob.List(t.Context(), s, prefix) {
		if unsupported(err) {
			return nil
		}
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		keys = append(keys, info.Key)
	}
	slices.Sort(keys)
	return keys
}

func (u suite) list(t tb, s blob.Store) {
	lister, ok := offered(t, s, func(l blob.Lister) error {
		for _, err := range l.List(t.Context(), "") {
			return err
		}
		return nil
	})
	if !ok {
		return
	}
	if got := listed(t, s, ""); len(got) != 0 {
		t.Fatalf("an empty store lists %q", got)
	}
	all := []string{"list/a/b", "list/a/c", "list/ab", "list/b", "list/é", "other/list/a"}
	for i, key := range all {
		put(t, s, key, noise(byte(i), 100+i), nil)
	}
	put(t, s, "list/a/deleted", nil, nil)
	remove(t, s, "list/a/deleted")
	abort(t, begin(t, s, "list/a/aborted", []byte("x"), nil))
	pending := begin(t, s, "list/a/pending", noise(1, u.bulk), nil)
	defer pending.Abort()

	for prefix, want := range map[string][]string{
		"":          all,
		"list/":     all[:5],
		"list/a":    {"list/a/b", "list/a/c", "list/ab"},
		"list/a/":   {"list/a/b", "list/a/c"},
		"list/ab":   {"list/ab"},
		"list/abc":  nil,
		"list/é":    {"list/é"},
		"LIST/":     nil,
		"/list":     nil,
		"ist/":      nil,
		"list/a/b/": nil,
	} {
		if got := listed(t, s, prefix); !slices.Equal(got, want) {
			t.Errorf("List(%q) yields %q, want %q", prefix, got, want)
		}
	}
	for info, err := range lister.List(t.Context(), "") {
		if i := slices.Index(all, info.Key); err != nil || info.Size != int64(100+i) || info.ModTime.IsZero() {
			t.Errorf("List describes %+v, %v; want %d bytes and a time", info, err, 100+i)
		}
	}
	for _, err := range lister.List(t.Context(), "") {
		if err != nil {
			t.Errorf("List: %v", err)
		}
		break // yielding once more after this panics
	}
}

func (u suite) copies(t tb, s blob.Store) {
	copier, ok := offered(t, s, func(c blob.Copier) error {
		_, err := c.Copy(t.Context(), "copy/nothing", "copy/absent")
		return err
	})
	if !ok {
		return
	}
	for i, size := range []int{0, 1000, u.bulk} {
		src, dst, data := fmt.Sprint("copy/src", i), fmt.Sprint("copy/dst", i), noise(16, size)
		want := put(t, s, src, data, &blob.WriteOptions{ContentType: "text/csv", Metadata: map[string]string{"k": "v"}})
		info, err := copier.Copy(t.Context(), dst, src)
		if err != nil {
			t.Fatalf("Copy of %d bytes: %v", size, err)
		}
		want.Key = dst
		sameBlob(t, info, want)
		if info, err = blob.Stat(t.Context(), s, dst); err != nil {
			t.Fatalf("Stat of a copy: %v", err)
		}
		sameBlob(t, info, want)
		holds(t, s, src, data)
		remove(t, s, src)
		holds(t, s, dst, data)
	}

	put(t, s, "copy/src", []byte("source"), nil)
	put(t, s, "copy/taken", []byte("taken"), nil)
	for _, dst := range []string{"copy/taken", "copy/src"} {
		_, err := copier.Copy(t.Context(), dst, "copy/src")
		refused(t, "Copy to a taken key", err, blob.ErrExists, dst, "copy")
	}
	holds(t, s, "copy/taken", []byte("taken"))
	_, err := copier.Copy(t.Context(), "copy/new", "copy/absent")
	refused(t, "Copy of an absent key", err, blob.ErrNotFound, "copy/absent", "copy")
	absent(t, s, "copy/new")
}

func (u suite) reclaim(t tb, s blob.Store) {
	long, soon := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	reclaimer, ok := offered(t, s, func(r blob.Reclaimer) error {
		_, err := r.Reclaim(t.Context(), long)
		return err
	})
	if !ok {
		return
	}
	run := func(cutoff time.Time) int {
		n, err := reclaimer.Reclaim(t.Context(), cutoff)
		if err != nil {
			t.Fatalf("Reclaim: %v", err)
		}
		return n
	}
	put(t, s, "reclaim/small", []byte("small"), nil)
	put(t, s, "reclaim/large", noise(17, u.bulk), nil)
	young := begin(t, s, "reclaim/young", noise(18, u.bulk), nil)
	if n := run(long); n != 0 {
		t.Errorf("Reclaim removed %d writes that began after the cutoff", n)
	}
	commit(t, young)

	lost := begin(t, s, "reclaim/lost", noise(19, u.bulk), nil)
	defer lost.Abort()
	if n := run(soon); n > 1 {
		t.Errorf("Reclaim says it removed %d writes, there was 1", n)
	}
	holds(t, s, "reclaim/small", []byte("small"))
	holds(t, s, "reclaim/large", noise(17, u.bulk))
	holds(t, s, "reclaim/young", noise(18, u.bulk))
	if _, err := lost.Commit(t.Context()); err == nil {
		holds(t, s, "reclaim/lost", noise(19, u.bulk)) // it held on to everything
	} else {
		absent(t, s, "reclaim/lost")
	}
	run(soon) // what was still on its way to a remote store when the first one came
	if n := run(soon); n != 0 {
		t.Errorf("there is nothing left, and Reclaim removed %d more", n)
	}
}

func digest(t tb, s blob.Store) {
	data := noise(20, 3<<20)
	w := begin(t, s, "digest", nil, nil)
	defer w.Abort()
	d, ok := blob.AsWriter[blob.Digester](w)
	if !ok {
		return
	}
	wrote := 0
	for _, n := range []int{0, 1, 63, 1 << 20, 0, 300_000, 1<<20 + 1} {
		if _, err := w.Write(data[wrote : wrote+n]); err != nil {
			t.Fatalf("Write: %v", err)
		}
		wrote += n
		if got, want := d.SHA256(), hexDigest(data[:wrote]); got != want {
			t.Errorf("digest after %d bytes is %s, want %s", wrote, got, want)
		}
	}
	info := commit(t, w)
	if want := hexDigest(data[:wrote]); d.SHA256() != want || info.SHA256 != want {
		t.Errorf("digest after Commit is %s and in Info %s, want %s", d.SHA256(), info.SHA256, want)
	}
}

func staged(t tb, s blob.Store) {
	data := noise(21, 2<<20+5)
	w := begin(t, s, "staged", nil, nil)
	defer w.Abort()
	r, ok := blob.AsWriter[blob.Staged](w)
	if !ok {
		return
	}
	wrote := 0
	for _, n := range []int{0, 10, 1 << 20, len(data) - 1<<20 - 10} {
		if _, err := w.Write(data[wrote : wrote+n]); err != nil {
			t.Fatalf("Write: %v", err)
		}
		wrote += n
		if n, err := r.ReadAt(make([]byte, 1), int64(wrote)); n != 0 || err != io.EOF {
			t.Errorf("ReadAt at the end of %d bytes = %d, %v, want EOF", wrote, n, err)
		}
		if got, err := io.ReadAll(io.NewSectionReader(r, 0, int64(len(data)))); err != nil || !bytes.Equal(got, data[:wrote]) {
			t.Errorf("%d staged bytes read back as %d bytes, %v", wrote, len(got), err)
		}
	}

	var wrong [8]string
	var group sync.WaitGroup
	for i := range wrong {
		group.Go(func() {
			off, got := i*200_000, make([]byte, 100_000)
			if n, err := r.ReadAt(got, int64(off)); err != nil || !bytes.Equal(got, data[off:off+n]) {
				wrong[i] = fmt.Sprintf("ReadAt(%d) beside others = %d, %v, or wrong bytes", off, n, err)
			}
		})
	}
	group.Wait()
	for _, failure := range wrong {
		if failure != "" {
			t.Errorf("%s", failure)
		}
	}
	if n, err := r.ReadAt(make([]byte, 10), int64(len(data)-4)); n != 4 || err != io.EOF {
		t.Errorf("ReadAt across the end = %d, %v, want 4 and EOF", n, err)
	}

	commit(t, w)
	holds(t, s, "staged", data)
	_, err := r.ReadAt(make([]byte, 1), 0)
	refused(t, "ReadAt after Commit", err, blob.ErrFinished, "staged", "read")
}
