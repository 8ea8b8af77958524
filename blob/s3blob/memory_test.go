package s3blob_test

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/internal/storetest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/s3blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// TestMemoryBound sends UPLOAD_MIB mebibytes (96 by default) and watches the
// heap meanwhile. The bound is on growth, and on garbage too.
func TestMemoryBound(t *testing.T) {
	size := int64(96) << 20
	if text := os.Getenv("UPLOAD_MIB"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		require.NoError(t, err)
		size = n << 20
	}
	server := services.StartS3(t, bucket)
	store := newStore(t, server, nil, nil)
	chunk := storetest.Noise(1 << 20)

	const partSize = 8 << 20
	runtime.GC()
	before := heap()
	watch := watchHeap()
	w, err := store.Create(t.Context(), "large", nil)
	require.NoError(t, err)
	defer w.Abort()
	for sent := int64(0); sent < size; sent += int64(len(chunk)) {
		_, err := w.Write(chunk)
		require.NoError(t, err)
	}
	info, err := w.Commit(t.Context())
	require.NoError(t, err)
	require.Equal(t, size, info.Size)
	growth := watch() - before
	t.Logf("%d MiB sent, the heap grew by at most %d MiB", size>>20, growth>>20)
	require.LessOrEqual(t, growth, int64(8*partSize+16<<20))
}

// A thousand small attachments at once must not take a part's buffer each.
func TestSmallBlobsTakeLittleMemory(t *testing.T) {
	store, err := s3blob.New(struct{ s3blob.Client }{}, bucket, nil) // no request is made
	require.NoError(t, err)
	data := storetest.Noise(one)
	runtime.GC()
	before := heap()
	for range 1000 {
		w, err := store.Create(t.Context(), "key", nil)
		require.NoError(t, err)
		_, err = w.Write(data)
		require.NoError(t, err)
		defer w.Abort()
	}
	require.Less(t, heap()-before, int64(128<<20))
}

func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// watchHeap samples the heap until the function it returns is called, which
// tells the peak.
func watchHeap() (peak func() int64) {
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		var top int64
		for {
			select {
			case <-stop:
				done <- max(top, heap())
				return
			case <-time.After(2 * time.Millisecond):
				top = max(top, heap())
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-done
	}
}
