package fsblob_test

import (
	"context"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// benchSize is 256 MiB unless FSBLOB_BENCH_MIB says otherwise.
func benchSize(b *testing.B) int64 {
	mib := int64(256)
	if s := os.Getenv("FSBLOB_BENCH_MIB"); s != "" {
		var err error
		mib, err = strconv.ParseInt(s, 10, 64)
		require.NoError(b, err)
	}
	return mib << 20
}

// source yields n bytes of noise at the cost of a memory copy, 32 KiB at a
// time, as a decoder would.
type source struct {
	noise []byte
	left  int64
}

func newSource(noise []byte, n int64) *source { return &source{noise, n} }

func someNoise() []byte {
	noise := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise)
	return noise
}

func (s *source) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	at := s.left % int64(len(s.noise))
	n := copy(p[:min(int64(len(p)), s.left)], s.noise[at:])
	s.left -= int64(n)
	return n, nil
}

// A contender is one way to do the work of a benchmark. What undo does is not
// measured; it may be nil.
type contender struct {
	name string
	run  func(b *testing.B)
	undo func()
}

// cleanUp leaves the next contender a disk that has nothing left to do: what
// one removes would otherwise be written down at the expense of the other.
func (c contender) cleanUp() {
	if c.undo != nil {
		c.undo()
		_ = exec.Command("sync").Run() // where there is none, the figures are noisier
	}
}

// sideBySide runs each contender as a benchmark of its own, and then all of
// them in turn, so that whatever else the machine does hits all alike; report
// turns the median times of that into ratios.
func sideBySide(b *testing.B, size int64, contenders []contender, report func(b *testing.B, median map[string]float64)) {
	for _, c := range contenders {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				c.run(b)
				b.StopTimer()
				c.cleanUp()
				b.StartTimer()
			}
		})
	}
	b.Run("ratios", func(b *testing.B) {
		times := make(map[string][]float64)
		for b.Loop() {
			for _, c := range contenders {
				began := time.Now()
				c.run(b)
				times[c.name] = append(times[c.name], time.Since(began).Seconds())
				c.cleanUp()
			}
		}
		median := make(map[string]float64)
		for name, all := range times {
			slices.Sort(all)
			median[name] = all[len(all)/2]
			b.ReportMetric(median[name], name+"-s")
		}
		report(b, median)
	})
}

// BenchmarkWrite compares a durable, hashed write with its parts (hash alone,
// write and fsync alone) and with the naive way to do both (io.MultiWriter).
func BenchmarkWrite(b *testing.B) {
	size, noise, dir := benchSize(b), someNoise(), b.TempDir()
	s := open(b, filepath.Join(dir, "store"))
	plain := func(b *testing.B, with ...io.Writer) {
		f, err := os.Create(filepath.Join(dir, "plain"))
		require.NoError(b, err)
		_, err = io.Copy(io.MultiWriter(append(with, f)...), newSource(noise, size))
		require.NoError(b, err)
		require.NoError(b, f.Sync())
		require.NoError(b, f.Close())
	}
	remove := func() { require.NoError(b, os.Remove(filepath.Join(dir, "plain"))) }
	sideBySide(b, size, []contender{
		{"hash", func(b *testing.B) {
			_, err := io.Copy(sha256.New(), newSource(noise, size))
			require.NoError(b, err)
		}, nil},
		{"writesync", func(b *testing.B) { plain(b) }, remove},
		{"naive", func(b *testing.B) { plain(b, sha256.New()) }, remove},
		{"fsblob", func(b *testing.B) {
			w, err := s.Create(b.Context(), "large", nil)
			require.NoError(b, err)
			defer w.Abort()
			_, err = io.Copy(w, newSource(noise, size))
			require.NoError(b, err)
			_, err = w.Commit(b.Context())
			require.NoError(b, err)
		}, func() { require.NoError(b, s.Delete(b.Context(), "large")) }},
	}, func(b *testing.B, median map[string]float64) {
		b.ReportMetric(median["fsblob"]/max(median["hash"], median["writesync"]), "of-max")
		b.ReportMetric(median["fsblob"]/median["naive"], "of-naive")
	})
}

// BenchmarkPut compares a small blob, from Create to Commit, with the two syncs
// that no durable file can do without.
func BenchmarkPut(b *testing.B) {
	data, dir := someNoise()[:10<<10], b.TempDir()
	s, n := open(b, filepath.Join(dir, "store")), 0
	put := func(ctx context.Context, key string) error {
		w, err := s.Create(ctx, key, &blob.WriteOptions{Size: int64(len(data))})
		if err != nil {
			return err
		}
		defer w.Abort()
		if _, err := w.Write(data); err != nil {
			return err
		}
		_, err = w.Commit(ctx)
		return err
	}
	sideBySide(b, int64(len(data)), []contender{
		{"twosyncs", func(b *testing.B) {
			n++
			f, err := os.Create(filepath.Join(dir, strconv.Itoa(n)))
			require.NoError(b, err)
			_, err = f.Write(data)
			require.NoError(b, err)
			require.NoError(b, f.Sync())
			require.NoError(b, f.Close())
			d, err := os.Open(dir)
			require.NoError(b, err)
			require.NoError(b, d.Sync())
			require.NoError(b, d.Close())
		}, nil},
		{"fsblob", func(b *testing.B) {
			n++
			require.NoError(b, put(b.Context(), strconv.Itoa(n)))
		}, nil},
	}, func(b *testing.B, median map[string]float64) {
		b.ReportMetric(median["fsblob"]/median["twosyncs"], "of-twosyncs")
	})
	b.Run("parallel", func(b *testing.B) {
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for id := rand.Uint64(); pb.Next(); id++ {
				if err := put(b.Context(), strconv.FormatUint(id, 36)); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkDownload compares a download through Open with a plain file, both
// to a loopback TCP socket.
func BenchmarkDownload(b *testing.B) {
	size, noise := benchSize(b), someNoise()
	dir := b.TempDir()
	s := open(b, filepath.Join(dir, "store"))
	w, err := s.Create(b.Context(), "large", nil)
	require.NoError(b, err)
	_, err = io.Copy(w, newSource(noise, size))
	require.NoError(b, err)
	_, err = w.Commit(b.Context())
	require.NoError(b, err)
	f, err := os.Create(filepath.Join(dir, "plain"))
	require.NoError(b, err)
	defer f.Close()
	_, err = io.Copy(f, newSource(noise, size))
	require.NoError(b, err)

	conn := drain(b)
	send := func(b *testing.B, r io.Reader) {
		n, err := io.Copy(conn, r)
		require.NoError(b, err)
		require.Equal(b, size, n)
	}
	sideBySide(b, size, []contender{
		{"file", func(b *testing.B) {
			f, err := os.Open(filepath.Join(dir, "plain"))
			require.NoError(b, err)
			defer f.Close()
			send(b, f)
		}, nil},
		{"fsblob", func(b *testing.B) {
			r, err := s.Open(b.Context(), "large", 0, -1)
			require.NoError(b, err)
			defer r.Close()
			send(b, r)
		}, nil},
	}, func(b *testing.B, median map[string]float64) {
		b.ReportMetric(median["fsblob"]/median["file"], "of-file")
	})
}

// drain returns a TCP connection whose other end swallows everything.
func drain(tb testing.TB) net.Conn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err == nil {
			_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{conn}, make([]byte, 1<<20))
			_ = conn.Close()
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	require.NoError(tb, err)
	tb.Cleanup(func() {
		_ = conn.Close()
		_ = l.Close()
		<-done
	})
	return conn
}
