package blobtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

func (u suite) writerOutlivesCreate(t tb, s blob.Store) {
	for i, size := range []int{10, u.bulk} {
		ctx, cancel := context.WithCancel(t.Context())
		key, data := fmt.Sprint("outlives/", i), noise(12, size)
		kept, err := s.Create(ctx, key, nil)
		if err != nil {
			t.Fatalf("Create: %v", err)
		}
		dropped, err := s.Create(ctx, key+"-dropped", nil)
		if err != nil {
			t.Fatalf("Create: %v", err)
		}
		cancel()
		for _, w := range []blob.Writer{kept, dropped} {
			if n, err := w.Write(data); n != len(data) || err != nil {
				t.Fatalf("Write after the context of Create ended = %d, %v", n, err)
			}
		}
		commit(t, kept)
		holds(t, s, key, data)
		abort(t, dropped)
		absent(t, s, key+"-dropped")
	}
}

func (u suite) endedContext(t tb, s blob.Store) {
	put(t, s, "there", []byte("there"), nil)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for _, ctx := range []context.Context{cancelled, expired} {
		want := ctx.Err()
		w, err := s.Create(ctx, "new", nil)
		if err == nil {
			_ = w.Abort()
		}
		refused(t, "Create", err, want, "new", "create")
		r, err := s.Open(ctx, "there", 0, -1)
		if err == nil {
			_ = r.Close()
		}
		refused(t, "Open", err, want, "there", "open")
		_, err = blob.Stat(ctx, s, "there")
		refused(t, "Stat", err, want, "there", "stat", "open")
		refused(t, "Delete", s.Delete(ctx, "there"), want, "there", "delete")

		for i, size := range []int{10, u.bulk} {
			key := fmt.Sprint("uncommitted/", i)
			w := begin(t, s, key, noise(13, size), nil)
			_, err := w.Commit(ctx)
			refused(t, "Commit", err, want, key, "commit")
			finished(t, s, w, key)
			absent(t, s, key)
		}
		if copier, ok := blob.As[blob.Copier](s); ok {
			if _, err := copier.Copy(ctx, "copied", "there"); !unsupported(err) {
				refused(t, "Copy", err, want, "copied", "copy")
			}
		}
		if lister, ok := blob.As[blob.Lister](s); ok {
			for _, err := range lister.List(ctx, "") {
				if !unsupported(err) {
					refused(t, "List", err, want, "", "list")
				}
			}
		}
		if reclaimer, ok := blob.As[blob.Reclaimer](s); ok {
			if _, err := reclaimer.Reclaim(ctx, time.Unix(0, 0)); !unsupported(err) {
				refused(t, "Reclaim", err, want, "", "reclaim")
			}
		}
	}
	absent(t, s, "copied")
	holds(t, s, "there", []byte("there"))
}

func (u suite) cancelledRead(t tb, s blob.Store) {
	data := noise(14, u.bulk)
	put(t, s, "cancelled", data, nil)
	for name, drain := range map[string]func(*blob.Reader) ([]byte, error){
		"Read": func(r *blob.Reader) ([]byte, error) { return io.ReadAll(r) },
		"WriteTo": func(r *blob.Reader) ([]byte, error) {
			var buf bytes.Buffer
			_, err := r.WriteTo(&buf)
			return buf.Bytes(), err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, err := s.Open(ctx, "cancelled", 0, -1)
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		head := make([]byte, 1000)
		if _, err := io.ReadFull(r, head); err != nil {
			t.Fatalf("read 1000 bytes: %v", err)
		}
		cancel()
		rest, err := drain(r)
		if !bytes.HasPrefix(data, append(head, rest...)) {
			t.Errorf("%s after cancel gave wrong bytes", name)
		}
		switch missing := len(data) - len(head) - len(rest); {
		case err != nil:
			refused(t, name+" after cancel", err, context.Canceled, "cancelled", "read")
		case missing != 0:
			t.Errorf("%s after cancel ended %d bytes short without an error", name, missing)
		}
		_ = r.Close()
	}
}

// noLeak ends Writers and Readers in every way there is, then looks for
// goroutines that were not there before.
func (u suite) noLeak(t tb, s blob.Store) {
	data := noise(15, u.bulk)
	before := goroutines()

	put(t, s, "leak/committed", data, nil)
	abort(t, begin(t, s, "leak/aborted", data, nil))
	_, _ = begin(t, s, "leak/mismatch", data, &blob.WriteOptions{SHA256: hexDigest(nil)}).Commit(t.Context())
	_ = tryPut(t, s, "leak/committed", data)
	for _, n := range []int64{0, 1000, int64(u.bulk)} {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := s.Open(ctx, "leak/committed", 0, -1)
		if err != nil {
			cancel()
			t.Fatalf("Open: %v", err)
		}
		_, _ = io.CopyN(io.Discard, r, n)
		cancel()
		_ = r.Close()
		r = openRange(t, s, "leak/committed", 0, -1)
		_, _ = io.CopyN(io.Discard, r, n)
		_ = r.Close()
	}

	for end := time.Now().Add(u.patience); len(newGoroutines(before)) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			for _, stack := range newGoroutines(before) {
				t.Errorf("left behind: %s", stack)
			}
			return
		}
	}
}
