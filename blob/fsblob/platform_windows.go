package fsblob

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

func startWriteback(file, int64, int64) {}

// syncDir does nothing: Windows has no sync for folders, NTFS journals them.
func syncDir(*os.File) error { return nil }

func full(errno syscall.Errno) bool {
	return errno == windows.ERROR_DISK_FULL || errno == windows.ERROR_HANDLE_DISK_FULL || errno == windows.ERROR_DISK_QUOTA_EXCEEDED
}
