package fsblob

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
)

const (
	// chunkSize is what is hashed and written at once: larger chunks leave the
	// cache between the two, and measured slower. It also is the size up to
	// which a blob waits for Commit in memory.
	chunkSize = 256 << 10

	// room for the trailer, nearly always, behind a chunk
	trailerRoom = 1 << 10

	// chunks is how far the hash may lag behind the file.
	chunks = 4
)

// hasher computes a SHA-256 in a goroutine of its own, which ends with stop.
// It lends out the buffers it hashes from.
type hasher struct {
	sum     hash.Hash
	work    chan []byte
	free    chan []byte
	made    int
	pending sync.WaitGroup // chunks that are not in sum yet
	stopped bool
}

// lend returns an empty chunk, which comes back when its writer is finished.
func (s *Store) lend() *[]byte {
	if chunk, ok := s.buffers.Get().(*[]byte); ok {
		return chunk
	}
	chunk := newChunk()
	return &chunk
}

func newChunk() []byte { return make([]byte, 0, chunkSize+trailerRoom) }

func newHasher() *hasher {
	h := &hasher{
		sum:  sha256.New(),
		work: make(chan []byte, chunks),
		free: make(chan []byte, chunks),
		made: 1, // the chunk that comes with the first add
	}
	go h.run()
	return h
}

func (h *hasher) run() {
	for chunk := range h.work {
		h.sum.Write(chunk)
		h.free <- chunk[:0]
		h.pending.Done()
	}
}

// add hashes chunk some time. The caller may read it on, but writes to it only
// when it comes back from buffer.
func (h *hasher) add(chunk []byte) {
	h.pending.Add(1)
	h.work <- chunk
}

// buffer returns an empty buffer, and waits for one if the hash lags behind.
func (h *hasher) buffer() []byte {
	if h.made < chunks {
		select {
		case chunk := <-h.free:
			return chunk
		default:
			h.made++
			return newChunk()
		}
	}
	return <-h.free
}

// digest returns the hash of all that was added, and of rest after it.
func (h *hasher) digest(rest []byte) string {
	h.pending.Wait()
	clone, err := h.sum.(hash.Cloner).Clone()
	if err != nil {
		panic(err) // sha256 documents that it never fails
	}
	clone.Write(rest)
	return hex.EncodeToString(clone.Sum(nil))
}

// stop waits until the goroutine is done with what it was given.
func (h *hasher) stop() {
	if !h.stopped {
		h.stopped = true
		close(h.work)
		h.pending.Wait()
	}
}

func digestOf(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}
