package blob

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

const (
	linkKeyIDChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	minLinkSecret  = 32 // bytes: as long as the digest, RFC 2104 section 3
)

func (k LinkKey) validate() error {
	different := map[byte]bool{}
	for _, c := range k.Secret {
		different[c] = true
	}
	switch {
	case k.ID == "" || len(k.ID) > 32 || strings.Trim(k.ID, linkKeyIDChars) != "":
		return errors.New("its id is not 1 to 32 characters of [A-Za-z0-9_-]")
	case len(k.Secret) < minLinkSecret:
		return fmt.Errorf("its secret has %d bytes, want at least %d", len(k.Secret), minLinkSecret)
	case len(different) < 4:
		return errors.New("its secret repeats a byte or two; generate one at random")
	}
	return nil
}

// Format prints the id, whatever the verb.
func (k LinkKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "LinkKey("+k.ID+")") }

// LogValue returns the id.
func (k LinkKey) LogValue() slog.Value { return slog.StringValue(k.ID) }

// linkKey is a LinkKey at work. It holds its secret inside a closure, where
// printing a LinkSigner does not reach it.
type linkKey struct {
	id   string
	macs *sync.Pool // of *linkMAC: keying an HMAC costs two hash blocks and some allocations
}

func newLinkKey(k LinkKey) linkKey {
	secret := slices.Clone(k.Secret)
	return linkKey{k.ID, &sync.Pool{New: func() any { return &linkMAC{hash: hmac.New(sha256.New, secret)} }}}
}

func (k *linkKey) borrow() *linkMAC { return k.macs.Get().(*linkMAC) }

func (k *linkKey) giveBack(m *linkMAC) { k.macs.Put(m) }

// linkMAC signs one link at a time. What it returns is its own, and valid
// until the next call.
type linkMAC struct {
	hash    hash.Hash
	message []byte
	sum     []byte
	query   []byte
}

// signedQuery returns the one spelling of l's query.
func (m *linkMAC) signedQuery(l Link, keyID string) []byte {
	m.query = appendLinkQuery(m.query[:0], l, keyID)
	m.query = append(m.query, "&"+paramSignature+"="...)
	m.query = base64.RawURLEncoding.AppendEncode(m.query, m.digest(l, keyID))
	return m.query
}

// digest is the HMAC over a version, so that a later format cannot be taken
// for this one, and every field behind its length, so that no two links make
// the same message.
func (m *linkMAC) digest(l Link, keyID string) []byte {
	b := m.message[:0]
	for _, field := range [...]string{"blob-link-1", l.Method, l.Key, l.Disposition, l.Filename, l.Subject, keyID} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
		b = append(b, field...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(l.Expires.Unix()))
	m.message = b
	m.hash.Reset()
	m.hash.Write(b)
	m.sum = m.hash.Sum(m.sum[:0])
	return m.sum
}
