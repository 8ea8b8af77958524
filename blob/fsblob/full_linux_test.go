package fsblob_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
)

func linuxChildren() map[string]func(dir string) int {
	return map[string]func(dir string) int{"full": fullChild, "filesize": fileSizeChild}
}

// TestFullDisk fills a real file system of 4 MiB, in a mount namespace that
// only the child sees.
func TestFullDisk(t *testing.T) {
	cmd := child(t, "full", t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || strings.Contains(string(out), "cannot mount") {
		missing(t, fmt.Sprintf("no mount namespace for an ordinary user here: %v %s", err, out))
	}
	require.NoError(t, err, "%s", out)
}

func fullChild(dir string) int {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		fmt.Fprintln(os.Stderr, "cannot mount:", err)
		return 1
	}
	return report(func() error {
		s, err := fsblob.New(dir, nil)
		if err != nil {
			return err
		}
		stored := 0
		for err == nil {
			if err = put(context.Background(), s, fmt.Sprint(stored), make([]byte, 300<<10), nil); err == nil {
				stored++
			}
		}
		if !errors.Is(err, blob.ErrNoSpace) || !errors.Is(err, syscall.ENOSPC) || !blob.Retryable(err) {
			return fmt.Errorf("a full disk reports %w", err)
		}
		if err := nothingLeft(dir, s, fmt.Sprint(stored), stored); err != nil {
			return err
		}
		// Room again, and the same call succeeds.
		if err := s.Delete(context.Background(), "0"); err != nil {
			return err
		}
		return put(context.Background(), s, fmt.Sprint(stored), make([]byte, 200<<10), nil)
	})
}

// TestFileSizeLimit lets the kernel refuse to make a file any larger.
func TestFileSizeLimit(t *testing.T) {
	out, err := child(t, "filesize", t.TempDir()).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func fileSizeChild(dir string) int {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return report(func() error {
		s, err := fsblob.New(dir, nil)
		if err != nil {
			return err
		}
		err = put(context.Background(), s, "large", make([]byte, 2<<20), nil)
		if !errors.Is(err, blob.ErrTooLarge) || !errors.Is(err, syscall.EFBIG) || blob.Retryable(err) {
			return fmt.Errorf("a file over the limit reports %w", err)
		}
		return nothingLeft(dir, s, "large", 0)
	})
}

// nothingLeft wants key to be absent, n blobs to be there and tmp to be empty.
func nothingLeft(dir string, s *fsblob.Store, key string, n int) error {
	if _, err := s.Stat(context.Background(), key); !errors.Is(err, blob.ErrNotFound) {
		return fmt.Errorf("after a failed put, Stat says %w", err)
	}
	for _, err := range s.List(context.Background(), "") {
		if err != nil {
			return err
		}
		n--
	}
	temp, err := filepath.Glob(dir + "/tmp/*")
	if err != nil || n != 0 || len(temp) > 0 {
		return fmt.Errorf("%d blobs missing, left behind: %q %w", n, temp, err)
	}
	if removed, err := s.Reclaim(context.Background(), time.Now().Add(time.Hour)); removed != 0 || err != nil {
		return fmt.Errorf("%d writes to reclaim, %w", removed, err)
	}
	return nil
}
