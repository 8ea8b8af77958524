package blobtest

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

func bytesComeBack(t tb, s blob.Store) {
	for i, size := range []int{0, 1, 511, 4096, 64<<10 + 1, 1 << 20} {
		key, data := fmt.Sprintf("size/%d", size), noise(byte(i), size)
		info := put(t, s, key, data, nil)
		if info.Key != key || info.Size != int64(size) {
			t.Errorf("Commit of %d bytes to %q describes %+v", size, key, info)
		}
		if info.SHA256 != "" && info.SHA256 != hexDigest(data) {
			t.Errorf("Commit reports digest %s of %d bytes, want %s", info.SHA256, size, hexDigest(data))
		}
		holds(t, s, key, data)
	}
}

func (u suite) oddChunks(t tb, s blob.Store) {
	data := noise(1, u.bulk)
	w, err := s.Create(t.Context(), "odd", nil)
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	defer w.Abort()
	sizes := []int{1, 0, 7919, 65536, 65537, 1<<20 + 7, 3, 262143}
	for i, rest := 0, data; len(rest) > 0; i++ {
		n := min(sizes[i%len(sizes)], len(rest))
		if wrote, err := w.Write(rest[:n]); wrote != n || err != nil {
			t.Fatalf("Write of %d bytes = %d, %v", n, wrote, err)
		}
		rest = rest[n:]
	}
	if info := commit(t, w); info.Size != int64(len(data)) {
		t.Errorf("Commit reports %d bytes, want %d", info.Size, len(data))
	}

	r := openRange(t, s, "odd", 0, -1)
	defer r.Close()
	got, buf := make([]byte, 0, len(data)), make([]byte, 8191)
	for err == nil {
		var n int
		n, err = r.Read(buf)
		got = append(got, buf[:n]...)
	}
	if err != io.EOF || !bytes.Equal(got, data) {
		t.Errorf("read back %d bytes and %v, want %d bytes and EOF, equal: %v", len(got), err, len(data), bytes.Equal(got, data))
	}
}

func bufferIsCallers(t tb, s blob.Store) {
	for i, size := range []int{100, 1 << 20} {
		key, data := fmt.Sprint("scribble/", i), noise(2, size)
		w, err := s.Create(t.Context(), key, nil)
		if err != nil {
			t.Fatalf("Create: %v", err)
		}
		scratch := bytes.Clone(data)
		if _, err := w.Write(scratch); err != nil {
			t.Fatalf("Write: %v", err)
		}
		clear(scratch)
		commit(t, w)
		holds(t, s, key, data)
	}
}

func ranges(t tb, s blob.Store) {
	const size = 100_000
	data := noise(3, size)
	put(t, s, "ranges", data, nil)
	for _, c := range []struct{ offset, length, want int64 }{
		{0, -1, size},
		{0, 0, 0},
		{0, 1, 1},
		{0, size, size},
		{0, size + 1, size},
		{1, -1, size - 1},
		{4095, 2, 2},
		{size - 1, 1, 1},
		{size - 1, 2, 1},
		{size / 2, math.MaxInt64, size / 2},
		{size, -1, 0},
		{size, 0, 0},
		{size, 10, 0},
		{7, math.MinInt64, size - 7},
	} {
		r := openRange(t, s, "ranges", c.offset, c.length)
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, data[c.offset:c.offset+c.want]) {
			t.Errorf("Open(%d, %d) reads %d bytes and %v, want %d right ones", c.offset, c.length, len(got), err, c.want)
		}
		if r.Info.Size != size {
			t.Errorf("Open(%d, %d) says the blob has %d bytes, want %d", c.offset, c.length, r.Info.Size, size)
		}
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

func rangePastEnd(t tb, s blob.Store) {
	put(t, s, "five", []byte("12345"), nil)
	put(t, s, "none", nil, nil)
	for _, c := range []struct {
		key            string
		offset, length int64
	}{
		{"five", 6, -1}, {"five", 6, 0}, {"five", 1 << 40, 3}, {"five", -1, 2}, {"none", 1, -1},
	} {
		r, err := s.Open(t.Context(), c.key, c.offset, c.length)
		if err == nil {
			_ = r.Close()
		}
		refused(t, fmt.Sprintf("Open(%q, %d, %d)", c.key, c.offset, c.length), err, blob.ErrInvalidRange, c.key, "open")
	}
	if got := readRange(t, s, "none", 0, -1); len(got) != 0 {
		t.Errorf("an empty blob reads as %q", got)
	}
}

func concurrentReaders(t tb, s blob.Store) {
	const readers, size = 16, 300_000
	data := noise(4, size)
	put(t, s, "shared", data, nil)
	failures := make([]string, readers)
	var group sync.WaitGroup
	for i := range readers {
		group.Go(func() {
			offset := int64(i * 1000)
			r, err := s.Open(t.Context(), "shared", offset, -1)
			if err != nil {
				failures[i] = err.Error()
				return
			}
			defer r.Close()
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data[offset:]) {
				failures[i] = fmt.Sprintf("%d bytes and %v, want %d right ones", len(got), err, size-offset)
			}
		})
	}
	group.Wait()
	for i, failure := range failures {
		if failure != "" {
			t.Errorf("reader %d: %s", i, failure)
		}
	}
}
