package fsblob_test

import (
	"io"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMemoryIsBounded streams a blob in and out and watches the heap. It has
// 128 MiB unless FSBLOB_MEMORY_MIB says otherwise; the bound is the same for
// any size.
func TestMemoryIsBounded(t *testing.T) {
	const bound = 32 << 20
	size := int64(128 << 20)
	if s := os.Getenv("FSBLOB_MEMORY_MIB"); s != "" {
		mib, err := strconv.ParseInt(s, 10, 64)
		require.NoError(t, err)
		size = mib << 20
	}
	s, ctx := open(t, t.TempDir()), t.Context()
	watch := newHeapWatch()
	w, err := s.Create(ctx, "large", nil)
	require.NoError(t, err)
	defer w.Abort()
	_, err = io.Copy(io.MultiWriter(w, watch), newSource(someNoise(), size))
	require.NoError(t, err)
	info, err := w.Commit(ctx)
	require.NoError(t, err)
	require.Equal(t, size, info.Size)
	watch.look()

	r, err := s.Open(ctx, "large", 0, -1)
	require.NoError(t, err)
	defer r.Close()
	n, err := io.Copy(watch, r)
	require.NoError(t, err)
	require.Equal(t, size, n)
	require.Less(t, watch.peak-watch.before, int64(bound))
	t.Logf("%d MiB in and out: the heap grew by %.1f MiB at most", size>>20, float64(watch.peak-watch.before)/(1<<20))
}

// heapWatch looks at the heap every 4 MiB that pass.
type heapWatch struct {
	before, peak int64
	passed       int
}

func newHeapWatch() *heapWatch {
	runtime.GC()
	w := &heapWatch{before: heap()}
	w.peak = w.before
	return w
}

func (w *heapWatch) Write(p []byte) (int, error) {
	if w.passed += len(p); w.passed >= 4<<20 {
		w.passed = 0
		w.look()
	}
	return len(p), nil
}

func (w *heapWatch) look() { w.peak = max(w.peak, heap()) }

// heap counts what is allocated, garbage included.
func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
