package blobtest

import (
	"testing"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// RunIsolation checks that two stores over one backend, such as those of two
// tenants, cannot see, take, change or remove each other's blobs. open returns
// both, empty and new for each law, each bound to its own tenant (see [Bind]).
func RunIsolation(t *testing.T, open func(t *testing.T) (a, b blob.Store)) {
	for _, l := range full().isolationLaws() {
		t.Run(l.name, func(t *testing.T) {
			a, b := open(t)
			l.check(t, a, b)
		})
	}
}

type isolationLaw struct {
	name  string
	check func(t tb, a, b blob.Store)
}

func (u suite) isolationLaws() []isolationLaw {
	return []isolationLaw{
		{"the other's blob is absent", othersBlobAbsent},
		{"the other's key is free", othersKeyFree},
		{"the other's blob outlives my delete", othersBlobOutlives},
		{"the other's writes go on", u.othersWritesGoOn},
		{"list yields only my own keys", listOwn},
		{"copy reaches only my own keys", copyOwn},
		{"no key leaves the namespace", noEscape},
	}
}

func othersBlobAbsent(t tb, a, b blob.Store) {
	put(t, a, "secret/plan.pdf", []byte("a's"), nil)
	absent(t, b, "secret/plan.pdf")
	holds(t, a, "secret/plan.pdf", []byte("a's"))
}

func othersKeyFree(t tb, a, b blob.Store) {
	early := begin(t, b, "same", []byte("b's"), nil)
	if info := put(t, a, "same", []byte("a's"), nil); info.Key != "same" {
		t.Errorf("Commit to %q reports key %q: keys are handed out unscoped", "same", info.Key)
	}
	commit(t, early)
	put(t, a, "later", []byte("a's"), nil)
	put(t, b, "later", []byte("b's"), nil)
	for i, s := range []blob.Store{a, b} {
		holds(t, s, "same", []byte([]string{"a's", "b's"}[i]))
		info, err := blob.Stat(t.Context(), s, "same")
		if err != nil || info.Key != "same" {
			t.Errorf("Stat(%q) = key %q, %v", "same", info.Key, err)
		}
		refused(t, "second put", tryPut(t, s, "same", nil), blob.ErrExists, "same", "create", "commit")
	}
}

func othersBlobOutlives(t tb, a, b blob.Store) {
	put(t, a, "kept", []byte("a's"), nil)
	remove(t, b, "kept")
	holds(t, a, "kept", []byte("a's"))
	put(t, b, "kept", []byte("b's"), nil)
	remove(t, b, "kept")
	absent(t, b, "kept")
	holds(t, a, "kept", []byte("a's"))
}

func (u suite) othersWritesGoOn(t tb, a, b blob.Store) {
	w := begin(t, a, "slow", noise(30, u.bulk), nil)
	abort(t, begin(t, b, "slow", []byte("b's"), nil))
	if _, err := blob.Reclaim(t.Context(), b, time.Now().Add(time.Hour)); err != nil && !unsupported(err) {
		t.Errorf("Reclaim: %v", err)
	}
	commit(t, w)
	holds(t, a, "slow", noise(30, u.bulk))
}

func listOwn(t tb, a, b blob.Store) {
	put(t, a, "x/1", nil, nil)
	put(t, a, "y/1", nil, nil)
	for _, prefix := range []string{"", "x", "x/", "/", "..", "../", ".", "%", "*"} {
		if keys := listedOrRefused(t, b, prefix); len(keys) != 0 {
			t.Errorf("List(%q) of the other store yields %q", prefix, keys)
		}
	}
	if keys := listed(t, a, ""); keys != nil && len(keys) != 2 {
		t.Errorf("List of the owner yields %q", keys)
	}
}

// listedOrRefused takes an error for an answer too: a store need not list
// under what cannot begin a key.
func listedOrRefused(t tb, s blob.Store, prefix string) (keys []string) {
	for info, err := range blob.List(t.Context(), s, prefix) {
		if err == nil {
			keys = append(keys, info.Key)
		}
	}
	return keys
}

func copyOwn(t tb, a, b blob.Store) {
	copier, ok := offered(t, b, func(c blob.Copier) error {
		_, err := c.Copy(t.Context(), "nothing", "absent")
		return err
	})
	if !ok {
		return
	}
	put(t, a, "mine", []byte("a's"), nil)
	_, err := copier.Copy(t.Context(), "stolen", "mine")
	refused(t, "Copy of the other's blob", err, blob.ErrNotFound, "mine", "copy")
	absent(t, b, "stolen")

	put(t, b, "own", []byte("b's"), nil)
	if _, err := copier.Copy(t.Context(), "mine", "own"); err != nil {
		t.Errorf("Copy to a key that only the other has taken: %v", err)
	}
	holds(t, a, "mine", []byte("a's"))
}

func noEscape(t tb, a, b blob.Store) {
	put(t, a, "k", []byte("a's"), nil)
	for _, key := range []string{"../k", "../a/k", "x/../../k", "./k", "/k", "//k", `..\k`, "k/", "k\x00"} {
		r, err := b.Open(t.Context(), key, 0, -1)
		if err == nil {
			_ = r.Close()
		}
		refused(t, "Open", err, blob.ErrInvalidKey, key, "open")
		refused(t, "put", tryPut(t, b, key, []byte("b's")), blob.ErrInvalidKey, key, "create")
		refused(t, "Delete", b.Delete(t.Context(), key), blob.ErrInvalidKey, key, "delete")
	}
	holds(t, a, "k", []byte("a's"))
}
