package services

import (
	"fmt"
	"syscall"
	"testing"
)

// Redis is a private server without persistence.
type Redis struct {
	*Process
	Addr string
}

// StartRedis starts a server on a free port.
func StartRedis(tb testing.TB) *Redis {
	tb.Helper()
	return StartRedisOn(tb, FreePort(tb))
}

// StartRedisOn starts a server on the port given, as after an outage.
func StartRedisOn(tb testing.TB, port int) *Redis {
	tb.Helper()
	path := find(tb, "redis-server", "apt-get install -y --no-install-recommends redis-server")
	dir := tempDir(tb, "")
	r := &Redis{Addr: fmt.Sprintf("127.0.0.1:%d", port)}
	r.Process = start(tb, command{
		path: path, dir: dir, stopSig: syscall.SIGTERM,
		args:  []string{"--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir},
		ready: func() error { return dialable(r.Addr) },
	})
	return r
}
