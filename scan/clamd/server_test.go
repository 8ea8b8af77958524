package clamd_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// serve runs handle for every connection to the address it returns. It ends
// with the test, as does every connection.
func serve(tb testing.TB, handle func(net.Conn)) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	serveOn(tb, l, handle)
	return l.Addr().String()
}

func serveOn(tb testing.TB, l net.Listener, handle func(net.Conn)) {
	var mu sync.Mutex
	var conns []net.Conn
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	tb.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
}

// join copies both ways until either side ends.
func join(a, b net.Conn) {
	var wg sync.WaitGroup
	pipe := func(dst, src net.Conn) {
		_, _ = io.Copy(dst, src)
		if half, ok := dst.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}
	wg.Go(func() { pipe(a, b); _ = a.Close() })
	wg.Go(func() { pipe(b, a) })
	wg.Wait()
}

// hangUp reads n bytes and then neither reads nor writes until the peer goes.
func hangUp(n int64) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.CopyN(io.Discard, c, n)
		_, _ = io.Copy(io.Discard, c)
	}
}

// version answers the version request that precedes the first scan, and hands
// every INSTREAM to fault, which finds the object behind r. Sessions are
// opened without a word, as clamd does.
func version(fault func(c net.Conn, r *bufio.Reader)) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			switch command, err := r.ReadString(0); {
			case err != nil:
				return
			case command == "zIDSESSION\x00":
			case command == "zVERSION\x00":
				_, _ = io.WriteString(c, "ClamAV 1.4.6/27500/Mon Nov 23 08:00:00 2026\x00")
				return
			default:
				fault(c, r)
				return
			}
		}
	}
}

// replies swallows the whole object and then says what it is given.
func replies(reply string) func(net.Conn) {
	return version(func(c net.Conn, r *bufio.Reader) {
		swallow(r, math.MaxInt64)
		_, _ = io.WriteString(c, reply)
	})
}

// swallow reads an INSTREAM to its end mark, or n bytes of it.
func swallow(r io.Reader, n int64) {
	for n > 0 {
		var size uint32
		if binary.Read(r, binary.BigEndian, &size) != nil || size == 0 {
			return
		}
		got, _ := io.CopyN(io.Discard, r, min(int64(size), n))
		n -= got
	}
}

// reset closes c with an RST.
func reset(c net.Conn) {
	_ = c.(interface{ SetLinger(int) error }).SetLinger(0)
	_ = c.Close()
}
