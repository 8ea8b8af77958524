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

// uploadLarge streams a text of size bytes in and returns the attachment's id.
func (s *stack) uploadLarge(b *testing.B, size int64) string {
	b.Helper()
	body, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"large.txt\"\r\n\r\n")
		if err == nil {
			_, err = io.CopyN(w, endless{}, size)
		}
		if err == nil {
			_, err = io.WriteString(w, "\r\n--x--\r\n")
		}
		w.CloseWithError(err)
	}()
	r := s.call(b, "user", "POST", uploadPath, "multipart/form-data; boundary=x", body)
	require.Equal(b, http.StatusCreated, r.StatusCode, r.body)
	return decode[uploaded](b, r).Results[0].Data.AttachmentID
}

// endless is a text without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "The quick brown fox jumps over the lazy dog.\n"[i%45]
	}
	return len(p), nil
}
