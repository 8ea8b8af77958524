//go:build linux || darwin

package host

import "golang.org/x/sys/unix"

// diskSpace returns bytes: what this user may still fill, and all there is.
func diskSpace(path string) (free, total uint64, err error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return 0, 0, err
	}
	block := uint64(fs.Bsize)
	return fs.Bavail * block, fs.Blocks * block, nil
}
