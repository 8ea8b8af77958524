package services

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Process is a server that runs until the test ends, or until Kill.
type Process struct {
	cmd    *exec.Cmd
	output *lockedBuffer
	exited chan struct{}
}

// command says how to start a server and how to know that it serves.
type command struct {
	path    string
	args    []string
	env     []string
	dir     string
	asUser  string // run as this system user when started by root; "" keeps the current one
	stopSig syscall.Signal
	ready   func() error
}

const readyWithin = 30 * time.Second

// start runs c, waits until c.ready answers nil, and stops it when tb ends.
func start(tb testing.TB, c command) *Process {
	tb.Helper()
	p := &Process{cmd: exec.Command(c.path, c.args...), output: &lockedBuffer{}, exited: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = c.dir, p.output, p.output
	p.cmd.Env = append(os.Environ(), c.env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: credential(tb, c.asUser)}
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", c.path, err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	tb.Cleanup(func() { p.stop(c.stopSig) })

	deadline := time.Now().Add(readyWithin)
	for err := c.ready(); err != nil; err = c.ready() {
		select {
		case <-p.exited:
			tb.Fatalf("%s exited before it was ready:\n%s", c.path, p.output)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s not ready after %s: %v\n%s", c.path, readyWithin, err, p.output)
		}
	}
	return p
}

// Kill ends the process at once, as a crash would.
func (p *Process) Kill() { p.stop(syscall.SIGKILL) }

// Pause stops the process from running without closing its connections, as a
// hang would; Resume lets it go on.
func (p *Process) Pause() error { return p.signal(syscall.SIGSTOP) }

// Resume undoes Pause.
func (p *Process) Resume() error { return p.signal(syscall.SIGCONT) }

// Output returns what the process has printed so far.
func (p *Process) Output() string { return p.output.String() }

func (p *Process) signal(sig syscall.Signal) error { return syscall.Kill(-p.cmd.Process.Pid, sig) }

func (p *Process) stop(sig syscall.Signal) {
	_ = p.signal(syscall.SIGCONT)
	if err := p.signal(sig); errors.Is(err, syscall.ESRCH) {
		return
	}
	select {
	case <-p.exited:
	case <-time.After(5 * time.Second):
		_ = p.signal(syscall.SIGKILL)
		<-p.exited
	}
}

// find returns the path of a binary, looking beside PATH in the clone's .bin
// folder and in the globs given. It skips or fails the test if there is none.
func find(tb testing.TB, name, install string, globs ...string) string {
	tb.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for dir, _ := os.Getwd(); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		globs = append(globs, filepath.Join(dir, ".bin", name))
	}
	for _, glob := range globs {
		if found, _ := filepath.Glob(glob); len(found) > 0 {
			return found[len(found)-1]
		}
	}
	message := fmt.Sprintf("%s is not installed; install it with: %s", name, install)
	if os.Getenv("REQUIRE_SERVICES") == "1" {
		tb.Fatal(message)
	}
	tb.Skip(message)
	return ""
}

// tempDir is a short-lived folder with a short path (unix sockets allow 107
// bytes) that the user given can write.
func tempDir(tb testing.TB, asUser string) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "svc")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	if cred := credential(tb, asUser); cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// credential is non-nil where the process must drop root to become asUser.
func credential(tb testing.TB, asUser string) *syscall.Credential {
	tb.Helper()
	if asUser == "" || os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup(asUser)
	if err != nil {
		tb.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// FreePort returns a loopback TCP port that nobody listened on a moment ago.
func FreePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// dialable reports whether addr accepts a connection.
func dialable(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
