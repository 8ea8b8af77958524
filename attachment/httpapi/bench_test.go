package httpapi_test

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// allocations returns how many bytes f allocates, in all goroutines.
func allocations(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// BenchmarkDownload compares a download through the whole stack with
// http.FileServer on the very same file. BENCH_DOWNLOAD_BYTES sets the size;
// its default is 64 MiB.
func BenchmarkDownload(b *testing.B) {
	size := int64(64 << 20)
	if text := os.Getenv("BENCH_DOWNLOAD_BYTES"); text != "" {
		var err error
		size, err = strconv.ParseInt(text, 10, 64)
		require.NoError(b, err)
	}
	s := newStack(b)
	p := s.uploadLarge(b, size)
	require.Equal(b, scan.StatusClean, s.settled(b, p))
	record := decode[struct{ PresignedURL string }](b, s.call(b, "user", "GET", "/api/v1/attachments/"+p, "", nil))

	var file string // the store has only this one
	require.NoError(b, filepath.WalkDir(s.files, func(path string, d fs.DirEntry, err error) error {
		if info, _ := d.Info(); info != nil && info.Size() >= size {
			file = path
		}
		return err
	}))
	static := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(file))))
	b.Cleanup(static.Close)

	buffer := make([]byte, 1<<20)
	get := func(url string) time.Duration {
		began := time.Now()
		response, err := http.Get(url)
		require.NoError(b, err)
		require.Equal(b, http.StatusOK, response.StatusCode)
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, response.Body, buffer)
		require.NoError(b, err)
		require.GreaterOrEqual(b, n, size)
		require.NoError(b, response.Body.Close())
		return time.Since(began)
	}
	ours, theirs := s.url+record.PresignedURL, static.URL+"/"+filepath.Base(file)
	for name, url := range map[string]string{"httpapi": ours, "FileServer": theirs} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				get(url)
			}
		})
	}
	// In turn, so that both see the same weather.
	b.Run("relative", func(b *testing.B) {
		var own, other time.Duration
		for b.Loop() {
			own += get(ours)
			other += get(theirs)
		}
		b.ReportMetric(other.Seconds()/own.Seconds(), "x-FileServer")
	})
}
