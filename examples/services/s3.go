package services

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// S3 is a private versitygw over a temporary folder: each bucket is a folder
// in Dir.
type S3 struct {
	*Process
	Endpoint  string // http://127.0.0.1:port
	AccessKey string
	SecretKey string
	Dir       string
}

// StartS3 starts a server with the buckets given.
func StartS3(tb testing.TB, buckets ...string) *S3 {
	tb.Helper()
	path := find(tb, "versitygw", "make .bin/versitygw")
	s := &S3{AccessKey: "test-access", SecretKey: "test-secret-key", Dir: tempDir(tb, "")}
	for _, bucket := range buckets {
		if err := os.Mkdir(filepath.Join(s.Dir, bucket), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	addr := fmt.Sprintf("127.0.0.1:%d", FreePort(tb))
	s.Endpoint = "http://" + addr
	s.Process = start(tb, command{
		path: path, dir: s.Dir, stopSig: syscall.SIGTERM,
		env:   []string{"ROOT_ACCESS_KEY=" + s.AccessKey, "ROOT_SECRET_KEY=" + s.SecretKey},
		args:  []string{"--port", addr, "--quiet", "posix", s.Dir},
		ready: func() error { return dialable(addr) },
	})
	return s
}
