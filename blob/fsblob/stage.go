package fsblob

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// writebackEvery is how much is written before the kernel is asked to begin
// with putting it on disk.
const writebackEvery = 8 << 20

// stage is a file in tmp that is to become a blob.
type stage struct {
	store   *Store
	name    string
	file    file
	written int64
	started int64 // write-back was asked for up to here
}

func (s *Store) stage() (*stage, error) {
	name := fmt.Sprintf("%s/%d-%s", tmpDir, s.now().UnixNano(), rand.Text())
	f, err := s.disk.create(name)
	if err != nil {
		return nil, err
	}
	return &stage{store: s, name: name, file: f}, nil
}

// began reads the name of a file in tmp.
func began(name string) (time.Time, bool) {
	digits, _, ok := strings.Cut(name, "-")
	nano, err := strconv.ParseInt(digits, 10, 64)
	return time.Unix(0, nano), ok && err == nil
}

func (g *stage) Write(p []byte) (int, error) {
	n, err := g.file.Write(p)
	g.written += int64(n)
	if fresh := g.written - g.started; fresh >= writebackEvery {
		startWriteback(g.file, g.started, fresh)
		g.started = g.written
	}
	return n, err
}

// publish makes the staged file the blob of key. It returns nil only when the
// blob survives a power cut. When the last step fails the blob is there: it may
// not be taken away again, for somebody may have seen it and made it safe.
func (g *stage) publish(key string) error {
	p, disk := locate(key), g.store.disk
	if err := g.file.Sync(); err != nil {
		return err // never again: after a failed sync the kernel has forgotten what was dirty
	}
	if err := g.file.Close(); err != nil {
		return err
	}
	err := disk.link(g.name, p.path())
	if errors.Is(err, fs.ErrExist) {
		return g.store.taken(p)
	}
	if err != nil {
		return err
	}
	_ = disk.remove(g.name) // Reclaim gets it otherwise
	return disk.syncDir(p.shard)
}

// discard removes what was staged.
func (g *stage) discard() error {
	_ = g.file.Close() // publish may have closed it
	err := g.store.disk.remove(g.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// vacant returns nil if there is no blob at p yet.
func (s *Store) vacant(p place) error {
	_, err := s.disk.stat(p.path())
	switch {
	case err == nil:
		return s.taken(p)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// taken returns ErrExists. Whoever hears it relies on the blob, which its own
// writer may be about to sync: so it is synced here first.
func (s *Store) taken(p place) error {
	if err := s.disk.syncDir(p.shard); err != nil {
		return err
	}
	return blob.ErrExists
}
