package mailbox

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// A real Dovecot over a Maildir, the same Maildir read directly, and the test
// mail it was filled with agree on every attachment.
func TestDovecotAndItsMaildir(t *testing.T) {
	dir, addr := startDovecot(t)
	const mail = "../../testdata/mail"
	paths, err := list(mail)
	require.NoError(t, err)
	for i, path := range paths {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		// What a mail server stores has one kind of line ends.
		raw = []byte(strings.ReplaceAll(string(raw), "\r\n", "\n"))
		name := fmt.Sprintf("%d.M%dP1.test,S=%d", 1_700_000_000+i, i, len(raw))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "new", name), raw, 0o666))
	}
	overIMAP, imapErrs := collect(t, "imap://reader:"+"secret@"+addr, nil)
	direct, directErrs := collect(t, dir, nil)
	files, _ := collect(t, mail, nil)
	require.Len(t, overIMAP, len(paths))
	require.Len(t, direct, len(paths))
	for i := range paths {
		require.Equal(t, imapErrs[i] == nil, directErrs[i] == nil, paths[i])
		require.Equal(t, files[i].ID, overIMAP[i].ID)
		require.Equal(t, files[i].ID, direct[i].ID)
		require.Len(t, overIMAP[i].Attachments, len(files[i].Attachments))
		for j, part := range overIMAP[i].Attachments {
			require.Equal(t, files[i].Attachments[j].Filename, part.Filename)
			if strings.EqualFold(part.Encoding, "base64") { // other encodings carry the line ends of whoever stored them
				require.Equal(t, bytesOf(t, files[i].Attachments[j]), bytesOf(t, part))
				require.Equal(t, bytesOf(t, part), bytesOf(t, direct[i].Attachments[j]))
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	require.NoError(t, err)
	for _, name := range left {
		require.NotContains(t, filepath.Base(name), ":2,S", "a message was marked as read")
	}
}

// startDovecot starts a private server and returns the Maildir it serves.
func startDovecot(t *testing.T) (maildir, addr string) {
	t.Helper()
	path, err := exec.LookPath("dovecot")
	if err != nil {
		path = "/usr/sbin/dovecot"
		if _, err := os.Stat(path); err != nil {
			t.Skip("dovecot is not installed; install it with: apt-get install -y --no-install-recommends dovecot-imapd")
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("dovecot needs root to drop to its users")
	}
	dir, err := os.MkdirTemp("", "dovecot") // unix sockets need a short path
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	maildir = filepath.Join(dir, "mail")
	for _, sub := range []string{"cur", "new", "tmp"} {
		require.NoError(t, os.MkdirAll(filepath.Join(maildir, sub), 0o777))
	}
	require.NoError(t, exec.Command("chown", "-R", "nobody:nogroup", maildir).Run())
	require.NoError(t, os.Chmod(dir, 0o755))
	port := services.FreePort(t)
	addr = fmt.Sprintf("127.0.0.1:%d", port)
	config := fmt.Sprintf(`
protocols = imap
listen = 127.0.0.1
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:%[2]s
first_valid_uid = 1
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=%[1]s/home
}
service imap-login {
  chroot =
  inet_listener imap {
    port = %[3]d
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
`, dir, maildir, port)
	conf := filepath.Join(dir, "dovecot.conf")
	require.NoError(t, os.WriteFile(conf, []byte(config), 0o644))
	cmd := exec.Command(path, "-F", "-c", conf)
	require.NoError(t, cmd.Start())
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-exited
	})
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return maildir, addr
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("dovecot does not serve: %v\n%s", err, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
