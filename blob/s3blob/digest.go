package s3blob

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// digest is the SHA-256 of a whole blob. Its parts are hashed in order, each
// by the goroutine that then sends it, so that Write need not wait for it.
type digest struct {
	state  hash.Hash
	hashed chan struct{} // closed once every part so far is in state

	sum   [sha256.Size]byte // of the first at bytes
	at    int64             // -1: of none
	known bool              // sum is that of everything that comes
}

func newDigest() *digest {
	none := make(chan struct{})
	close(none)
	return &digest{state: sha256.New(), hashed: none, at: -1}
}

// knownDigest is one that the caller has computed, in lower-case hex.
func knownDigest(sum string) *digest {
	d := &digest{known: true}
	_, _ = hex.Decode(d.sum[:], []byte(sum)) // Resolve has checked it
	return d
}

// add takes the next part. The function it returns must be called once, and
// hashes it when its turn has come.
func (d *digest) add(part []byte) (hash func()) {
	if d.known {
		return func() {}
	}
	before, done := d.hashed, make(chan struct{})
	d.hashed = done
	return func() {
		<-before
		d.state.Write(part)
		close(done)
	}
}

// of returns the digest of the size bytes that the parts and rest make up.
func (d *digest) of(size int64, rest []byte) [sha256.Size]byte {
	if !d.known && d.at != size {
		<-d.hashed
		whole, _ := d.state.(hash.Cloner).Clone() // SHA-256 can always
		whole.Write(rest)
		d.sum, d.at = [sha256.Size]byte(whole.Sum(nil)), size
	}
	return d.sum
}
