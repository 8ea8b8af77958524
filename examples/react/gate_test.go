package react

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// gate stands before a scanner. While it is shut, what the scanner answers
// waits: that is how a test sees an attachment pending, however fast the
// scanner is. A browser's test works it over HTTP: POST /shut, POST /open.
type gate struct {
	addr    string // where the host finds the scanner
	control string // URL

	mu   sync.Mutex
	pass chan struct{} // closed while the gate is open
}

func startGate(t *testing.T, scanner string) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &gate{addr: listener.Addr().String(), pass: make(chan struct{})}
	close(g.pass)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			host, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { g.carry(host, scanner) })
		}
	})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /open", func(http.ResponseWriter, *http.Request) { g.open() })
	mux.HandleFunc("POST /shut", func(http.ResponseWriter, *http.Request) { g.shut() })
	server := httptest.NewServer(mux)
	g.control = server.URL
	t.Cleanup(func() { // after the host, which ends its connections
		server.Close()
		g.open()
		_ = listener.Close()
		all.Wait()
	})
	return g
}

// carry copies both ways until either side ends.
func (g *gate) carry(host net.Conn, scanner string) {
	defer host.Close()
	upstream, err := net.Dial("tcp", scanner)
	if err != nil {
		return
	}
	defer upstream.Close()
	go func() {
		_, _ = io.Copy(upstream, host)
		_ = upstream.Close()
	}()
	_, _ = io.Copy(waiting{host, g}, upstream)
}

type waiting struct {
	net.Conn
	gate *gate
}

func (w waiting) Write(p []byte) (int, error) {
	w.gate.mu.Lock()
	pass := w.gate.pass
	w.gate.mu.Unlock()
	<-pass
	return w.Conn.Write(p)
}

// ReadFrom would pass the gate by.
func (w waiting) ReadFrom(src io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{w}, src)
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.pass:
	default:
		close(g.pass)
	}
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.pass:
		g.pass = make(chan struct{})
	default:
	}
}
