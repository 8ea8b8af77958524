package fsblob_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
)

const (
	downloadSize   = 20 << 20
	downloadOffset = 1000
)

// receiver is what a socket looks like to io.Copy.
type receiver struct {
	io.Writer
	got []io.Reader
}

func (r *receiver) ReadFrom(src io.Reader) (int64, error) {
	r.got = append(r.got, src)
	return io.Copy(r.Writer, src)
}

// The net package takes a file from a LimitedReader by sendfile.
func TestDownloadHandsOverTheFile(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	require.NoError(t, put(ctx, s, "k", make([]byte, downloadSize), nil))
	r, err := s.Open(ctx, "k", 0, -1)
	require.NoError(t, err)
	defer r.Close()
	to := &receiver{Writer: io.Discard}
	n, err := io.Copy(to, r)
	require.NoError(t, err)
	require.EqualValues(t, downloadSize, n)
	require.NotEmpty(t, to.got)
	for _, src := range to.got {
		limited, ok := src.(*io.LimitedReader)
		require.True(t, ok)
		require.IsType(t, &os.File{}, limited.R)
	}
}

// downloadChild serves one blob over HTTP, fetches it, and then sends it over
// a bare TCP connection.
func downloadChild(dir string) int {
	return report(func() error {
		s, err := fsblob.New(dir, nil)
		if err != nil {
			return err
		}
		ctx := context.Background()
		if err := put(ctx, s, "k", make([]byte, downloadSize), nil); err != nil {
			return err
		}
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			r, err := s.Open(req.Context(), "k", downloadOffset, -1)
			if err != nil {
				return
			}
			defer r.Close()
			w.Header().Set("Content-Length", strconv.Itoa(downloadSize-downloadOffset))
			_, _ = io.Copy(w, r)
		}))
		defer web.Close()
		resp, err := http.Get(web.URL)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		n, err := io.Copy(io.Discard, resp.Body)
		if err != nil || n != downloadSize-downloadOffset {
			return fmt.Errorf("%d bytes over HTTP, %w", n, err)
		}

		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, conn)
		}()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return err
		}
		defer conn.Close()
		r, err := s.Open(ctx, "k", downloadOffset, -1)
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = io.Copy(conn, r)
		return err
	})
}

// TestDownloadsBySendfile counts the bytes that the kernel moves by itself.
func TestDownloadsBySendfile(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		missing(t, "strace is not installed; install it with: apt-get install -y --no-install-recommends strace")
	}
	log := filepath.Join(t.TempDir(), "trace")
	out, err := child(t, "download", t.TempDir(), strace, "-f", "--seccomp-bpf", "-o", log, "-e", "trace=sendfile").CombinedOutput()
	if err != nil && strings.Contains(string(out), "Operation not permitted") {
		missing(t, "strace may not trace here: "+string(out))
	}
	require.NoError(t, err, "%s", out)

	text, err := os.ReadFile(log)
	require.NoError(t, err)
	sent := 0
	for _, m := range regexp.MustCompile(`(?m)sendfile.*\) += (\d+)$`).FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		sent += n
	}
	const sniffed = 512 // net/http copies these by hand, to tell the type
	require.Equal(t, 2*(downloadSize-downloadOffset)-sniffed, sent)
}
