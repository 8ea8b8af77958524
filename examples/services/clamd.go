package services

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// EICAR returns the 68 bytes of the industry's harmless test virus. They are
// put together here so that no scanner trips over this repository.
func EICAR() []byte {
	return []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR` + `-STANDARD-ANTIVIRUS-` + `TEST-FILE!$H+H*`)
}

// Clamd is a private daemon that knows a handful of signatures: EICAR and the
// executable of Debian's clamav-testfiles.
type Clamd struct {
	*Process
	TCP  string // 127.0.0.1:port
	Unix string // path of the local socket
	Dir  string
}

// StartClamd starts a daemon. settings overrides lines of clamd.conf, such as
// "AlertExceedsMax": "yes".
func StartClamd(tb testing.TB, settings map[string]string) *Clamd {
	tb.Helper()
	return StartClamdOn(tb, FreePort(tb), settings)
}

// StartClamdOn starts a daemon on the port given, as after an outage.
func StartClamdOn(tb testing.TB, port int, settings map[string]string) *Clamd {
	tb.Helper()
	path := find(tb, "clamd", "apt-get install -y --no-install-recommends clamav-daemon clamav-testfiles", "/usr/sbin/clamd")
	dir := tempDir(tb, "")
	c := &Clamd{TCP: fmt.Sprintf("127.0.0.1:%d", port), Unix: filepath.Join(dir, "clamd.sock"), Dir: dir}

	write(tb, dir, "test.ndb", "Test.EICAR.Ndb:0:*:"+hex.EncodeToString(EICAR())+"\n")
	write(tb, dir, "test.hdb", "44d88612fea8a8f36de82e1278abb02f:68:Test.EICAR.Hdb\naa15bcf478d165efd2065190eb473bcb:544:ClamAV-Test-File\n")
	conf := map[string]string{
		"Foreground": "yes", "DatabaseDirectory": dir, "TemporaryDirectory": dir,
		"LocalSocket": c.Unix, "TCPAddr": "127.0.0.1", "TCPSocket": fmt.Sprint(port),
		"LogFile": filepath.Join(dir, "clamd.log"), "PidFile": filepath.Join(dir, "clamd.pid"),
		"StreamMaxLength": "200M", "MaxScanSize": "400M", "MaxFileSize": "400M",
	}
	maps.Copy(conf, settings)
	var lines strings.Builder
	for _, key := range slices.Sorted(maps.Keys(conf)) {
		fmt.Fprintf(&lines, "%s %s\n", key, conf[key])
	}
	write(tb, dir, "clamd.conf", lines.String())

	c.Process = start(tb, command{
		path: path, dir: dir, stopSig: syscall.SIGTERM,
		args:  []string{"--config-file=" + filepath.Join(dir, "clamd.conf")},
		ready: func() error { return ping(c.TCP) },
	})
	return c
}

func write(tb testing.TB, dir, name, content string) {
	tb.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		tb.Fatal(err)
	}
}

func ping(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("zPING\x00")); err != nil {
		return err
	}
	reply := make([]byte, 5)
	if _, err := conn.Read(reply); err != nil {
		return err
	}
	if string(reply) != "PONG\x00" {
		return fmt.Errorf("unexpected reply %q", reply)
	}
	return nil
}
