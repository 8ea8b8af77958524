package cryptblob

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// lock seals small secrets of one blob under one key-encryption key. It is
// what age calls a recipient and an identity.
type lock struct {
	aead cipher.AEAD
	bind string // what the blob is and which key it needs
}

var (
	_ age.Recipient = (*lock)(nil)
	_ age.Identity  = (*lock)(nil)
)

func newLock(key Key, blobKey string) (*lock, error) {
	if key.secret == nil {
		return nil, errors.New("cryptblob: the provider gave no key")
	}
	aead, err := chacha20poly1305.NewX(key.secret())
	if err != nil {
		return nil, err
	}
	return &lock{aead, "cryptblob v1\x00" + key.id + "\x00" + blobKey}, nil
}

// What a lock seals; the purpose keeps one from passing for the other.
const (
	fileKeyPurpose = "\x00file key"
	digestPurpose  = "\x00sha256"
)

// seal prefixes the sealed secret with its random nonce, which has 24 bytes so
// that no number of blobs makes two of them meet.
func (l *lock) seal(secret []byte, purpose string) []byte {
	nonce := make([]byte, l.aead.NonceSize(), l.aead.NonceSize()+len(secret)+l.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return l.aead.Seal(nonce, nonce, secret, []byte(l.bind+purpose))
}

var errSealed = errors.New("does not open with this key, or under this name")

func (l *lock) open(sealed []byte, purpose string) ([]byte, error) {
	if len(sealed) < l.aead.NonceSize() {
		return nil, errSealed
	}
	nonce, body := sealed[:l.aead.NonceSize()], sealed[l.aead.NonceSize():]
	secret, err := l.aead.Open(nil, nonce, body, []byte(l.bind+purpose))
	if err != nil {
		return nil, errSealed
	}
	return secret, nil
}

const stanzaType = "cryptblob.v1"

// Wrap implements age.Recipient.
func (l *lock) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{Type: stanzaType, Body: l.seal(fileKey, fileKeyPurpose)}}, nil
}

// Unwrap implements age.Identity. It wants the one stanza that Wrap makes: a
// file for several recipients is not ours.
func (l *lock) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != stanzaType || len(stanzas[0].Args) != 0 {
		return nil, fmt.Errorf("not a header of cryptblob")
	}
	return l.open(stanzas[0].Body, fileKeyPurpose)
}
