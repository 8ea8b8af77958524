package fsblob_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
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

// BenchmarkWrite compares a durable, hashed write with its parts (hash alone,
// write and fsync alone) and with the naive way to do both (io.MultiWriter).
func BenchmarkWrite(b *testing.B) {
	size, noise := benchSize(b), someNoise()
	plain := func(b *testing.B, dir string, with ...io.Writer) {
		f, err := os.Create(filepath.Join(dir, "plain"))
		require.NoError(b, err)
		_, err = io.Copy(io.MultiWriter(append(with, struct{ io.Writer }{f})...), newSource(noise, size))
		require.NoError(b, err)
		require.NoError(b, f.Sync())
		require.NoError(b, f.Close())
	}
	for _, c := range []struct {
		name string
		run  func(b *testing.B, dir string, s *fsblob.Store)
	}{
		{"hash", func(b *testing.B, _ string, _ *fsblob.Store) {
			_, err := io.Copy(sha256.New(), newSource(noise, size))
			require.NoError(b, err)
		}},
		{"writesync", func(b *testing.B, dir string, _ *fsblob.Store) { plain(b, dir) }},
		{"naive", func(b *testing.B, dir string, _ *fsblob.Store) { plain(b, dir, sha256.New()) }},
		{"fsblob", func(b *testing.B, _ string, s *fsblob.Store) {
			w, err := s.Create(b.Context(), "large", nil)
			require.NoError(b, err)
			defer w.Abort()
			_, err = io.Copy(w, newSource(noise, size))
			require.NoError(b, err)
			_, err = w.Commit(b.Context())
			require.NoError(b, err)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			s := open(b, filepath.Join(dir, "store"))
			b.SetBytes(size)
			for b.Loop() {
				c.run(b, dir, s)
				b.StopTimer()
				require.NoError(b, s.Delete(b.Context(), "large"))
				_ = os.Remove(filepath.Join(dir, "plain"))
				b.StartTimer()
			}
		})
	}
}

// BenchmarkPut is a small blob from Create to Commit, alone and beside others.
func BenchmarkPut(b *testing.B) {
	data := someNoise()[:10<<10]
	put := func(b *testing.B, s *fsblob.Store, key string) {
		w, err := s.Create(context.Background(), key, &blob.WriteOptions{Size: int64(len(data))})
		if err == nil {
			_, err = w.Write(data)
		}
		if err == nil {
			_, err = w.Commit(context.Background())
		}
		if err != nil {
			b.Error(err)
		}
	}
	b.Run("fsblob-serial", func(b *testing.B) {
		s, n := open(b, b.TempDir()), 0
		for b.Loop() {
			n++
			put(b, s, strconv.Itoa(n))
		}
	})
	b.Run("fsblob-parallel", func(b *testing.B) {
		s := open(b, b.TempDir())
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for id := rand.Uint64(); pb.Next(); id++ {
				put(b, s, strconv.FormatUint(id, 36))
			}
		})
	})
	b.Run("plain-fsync", func(b *testing.B) { // what no durable put can be faster than
		dir, n := b.TempDir(), 0
		for b.Loop() {
			n++
			f, err := os.Create(filepath.Join(dir, fmt.Sprint(n)))
			require.NoError(b, err)
			_, err = f.Write(data)
			require.NoError(b, err)
			require.NoError(b, f.Sync())
			require.NoError(b, f.Close())
			d, err := os.Open(dir)
			require.NoError(b, err)
			require.NoError(b, d.Sync())
			require.NoError(b, d.Close())
		}
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

	for _, c := range []struct {
		name string
		send func(b *testing.B, to io.Writer) (int64, error)
	}{
		{"file", func(b *testing.B, to io.Writer) (int64, error) {
			f, err := os.Open(filepath.Join(dir, "plain"))
			require.NoError(b, err)
			defer f.Close()
			return io.Copy(to, f)
		}},
		{"fsblob", func(b *testing.B, to io.Writer) (int64, error) {
			r, err := s.Open(b.Context(), "large", 0, -1)
			require.NoError(b, err)
			defer r.Close()
			return io.Copy(to, r)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			conn := drain(b)
			b.SetBytes(size)
			for b.Loop() {
				n, err := c.send(b, conn)
				require.NoError(b, err)
				require.Equal(b, size, n)
			}
		})
	}
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
