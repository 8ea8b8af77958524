package services

import (
	"fmt"
	"syscall"
	"testing"
)

// Temporal is a private development server, with everything in memory.
type Temporal struct {
	*Process
	Addr string // host:port, of the namespace "default"
}

// StartTemporal starts a server.
func StartTemporal(tb testing.TB) *Temporal {
	tb.Helper()
	path := find(tb, "temporal", "make .bin/temporal")
	t := &Temporal{}
	port := FreePort(tb)
	t.Addr = fmt.Sprintf("127.0.0.1:%d", port)
	t.Process = start(tb, command{
		path: path, dir: tempDir(tb, ""), stopSig: syscall.SIGINT,
		args:  []string{"server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", fmt.Sprint(port), "--log-level", "error"},
		ready: func() error { return dialable(t.Addr) },
	})
	return t
}
