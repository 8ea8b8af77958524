package fsblob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

const tmpDir = "tmp"

// place is where the blob of one key lies.
type place struct{ shard, name string }

func locate(key string) place {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	return place{name[:2], name}
}

func (p place) path() string { return p.shard + "/" + p.name }

// disk is all that the store asks of the file system. Tests put one in between
// that fails.
type disk interface {
	create(name string) (file, error) // fails if name exists
	open(name string) (*os.File, error)
	stat(name string) (fs.FileInfo, error)
	link(name, to string) error // fails if to exists
	remove(name string) error
	syncDir(name string) error
	close() error
}

// file is a file being written.
type file interface {
	io.Writer
	io.ReaderAt
	io.ReaderFrom
	Sync() error
	Close() error
	SyscallConn() (syscall.RawConn, error)
}

type rootDisk struct{ root *os.Root }

func (d rootDisk) create(name string) (file, error) {
	return d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

func (d rootDisk) open(name string) (*os.File, error)    { return d.root.Open(name) }
func (d rootDisk) stat(name string) (fs.FileInfo, error) { return d.root.Lstat(name) }
func (d rootDisk) link(name, to string) error            { return d.root.Link(name, to) }
func (d rootDisk) remove(name string) error              { return d.root.Remove(name) }
func (d rootDisk) close() error                          { return d.root.Close() }

func (d rootDisk) syncDir(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(syncDir(f), f.Close())
}

// prepare makes dir, its missing parents, and tmp and the shards inside, and
// does not return before all of them would survive a crash. It trusts no earlier
// run to have come that far.
func prepare(dir string) (*os.Root, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("fsblob: %w", err)
	}
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("fsblob: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("fsblob: %w", err)
	}
	if err := makeRooms(root); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("fsblob: %w", err)
	}
	return root, nil
}

// makeRooms makes all folders at once: made one by one, each would have to be
// synced while a write waits for it.
func makeRooms(root *os.Root) error {
	for _, name := range slices.AppendSeq([]string{tmpDir}, shards) {
		if err := root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return rootDisk{root}.syncDir(".")
}

// shards yields the names of the folders that blobs lie in.
func shards(yield func(string) bool) {
	for i := range 256 {
		if !yield(fmt.Sprintf("%02x", i)) {
			return
		}
	}
}

func makeDir(dir string) error {
	parent := filepath.Dir(dir)
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) && parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o700)
	}
	existed := errors.Is(err, fs.ErrExist)
	if err != nil && !existed {
		return err
	}
	f, err := os.Open(parent)
	if errors.Is(err, fs.ErrPermission) && existed {
		return nil // whoever made dir in there has synced it
	}
	if err != nil {
		return err
	}
	return errors.Join(syncDir(f), f.Close())
}
