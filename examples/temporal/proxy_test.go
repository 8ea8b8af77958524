package main

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// partition stands between a worker and its database. Once cut, it forwards
// nothing and closes nothing: a network that swallows packets.
type partition struct {
	listener net.Listener
	target   string
	down     chan struct{}
	cut      func()
	close    func() // ends all connections
}

func newPartition(t *testing.T, target string) *partition {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &partition{listener: listener, target: target, down: make(chan struct{})}
	p.cut = sync.OnceFunc(func() { close(p.down) })
	var mu sync.Mutex
	var open []net.Conn
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				_ = near.Close()
				continue
			}
			mu.Lock()
			open = append(open, near, far)
			mu.Unlock()
			all.Go(func() { p.forward(near, far) })
			all.Go(func() { p.forward(far, near) })
		}
	})
	p.close = sync.OnceFunc(func() {
		_ = listener.Close()
		mu.Lock()
		for _, conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	t.Cleanup(p.close)
	return p
}

// forward moves bytes until the line is cut, and the end of a side only before
// that.
func (p *partition) forward(dst, src net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := src.Read(buffer)
		select {
		case <-p.down:
			if err == nil {
				_, _ = io.Copy(io.Discard, src)
			}
			return
		default:
		}
		if n > 0 {
			if _, err := dst.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			_ = dst.Close()
			return
		}
	}
}

// through returns a database URL that leads through p.
func (p *partition) through(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	require.NoError(t, err)
	u.Host = p.listener.Addr().String()
	return u.String()
}
