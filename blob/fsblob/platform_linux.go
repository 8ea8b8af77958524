package fsblob

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// startWriteback asks the kernel to begin writing a range to disk now, so that
// little is left for the sync at the end. It is a hint: if the file system
// does not take it, the sync does the work.
func startWriteback(f file, offset, length int64) {
	conn, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) {
		_ = unix.SyncFileRange(int(fd), offset, length, unix.SYNC_FILE_RANGE_WRITE)
	})
}

func syncDir(dir *os.File) error { return dir.Sync() }

func full(errno syscall.Errno) bool { return errno == syscall.ENOSPC || errno == syscall.EDQUOT }
