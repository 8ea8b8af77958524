package blobtest

import (
	"bytes"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

func deleteRemoves(t tb, s blob.Store) {
	put(t, s, "keep", []byte("keep"), nil)
	for _, content := range []string{"first life", "second life"} {
		put(t, s, "gone", []byte(content), nil)
		holds(t, s, "gone", []byte(content))
		remove(t, s, "gone")
		absent(t, s, "gone")
		remove(t, s, "gone")
	}
	remove(t, s, "never/there")
	holds(t, s, "keep", []byte("keep"))

	w := begin(t, s, "unborn", []byte("born"), nil)
	remove(t, s, "unborn")
	commit(t, w)
	holds(t, s, "unborn", []byte("born"))
}

func remove(t tb, s blob.Store, key string) {
	t.Helper()
	if err := s.Delete(t.Context(), key); err != nil {
		t.Errorf("Delete(%q): %v", key, err)
	}
}

func (u suite) readerSurvivesDelete(t tb, s blob.Store) {
	data := noise(9, u.bulk)
	put(t, s, "read", data, nil)
	r := openRange(t, s, "read", 0, -1)
	defer r.Close()
	half := make([]byte, len(data)/2)
	if _, err := io.ReadFull(r, half); err != nil {
		t.Fatalf("read first half: %v", err)
	}

	remove(t, s, "read")
	put(t, s, "read", noise(10, u.bulk), nil)

	rest, err := io.ReadAll(r)
	got := append(half, rest...)
	if !bytes.HasPrefix(data, got) {
		t.Errorf("a reader that was open while its blob was replaced got bytes of the new one")
	}
	if err == nil && len(got) != len(data) {
		t.Errorf("a reader whose blob was deleted ended after %d of %d bytes without an error", len(got), len(data))
	}
}
