//go:build unix && !linux

package fsblob

import (
	"os"
	"syscall"
)

func startWriteback(file, int64, int64) {}

func syncDir(dir *os.File) error { return dir.Sync() }

func full(errno syscall.Errno) bool { return errno == syscall.ENOSPC || errno == syscall.EDQUOT }
