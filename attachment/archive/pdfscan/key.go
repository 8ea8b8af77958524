package pdfscan

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" // #nosec G501 -- the format's
	"crypto/rc4" // #nosec G503 -- the format's
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
)

// A key opens what the standard security handler has encrypted for those who
// give no password (ISO 32000-2, 7.6.4): such documents restrict what may be
// done with them, and yet everybody can read them. A nil key takes bytes as they
// are.
type key struct {
	secret                  []byte
	strings, streams, files method
}

// A method is how bytes are encrypted (7.6.6, table 25).
type method int

const (
	identity method = iota
	rc4Method
	aesV2
	aesV3
)

// padding stands for the password that is missing (7.6.4.3.2).
const padding = "\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A"

// newKey returns the key that d, an encryption dictionary, has for an empty
// password in a document with one of these identifiers; nil if it has none, or
// encrypts nothing.
func newKey(d dict, ids []text) *key {
	k := &key{strings: rc4Method, streams: rc4Method, files: rc4Method}
	version, _ := d.one("V").(int64)
	if version >= 4 {
		k.strings, k.streams = methodOf(d, "StrF"), methodOf(d, "StmF")
		k.files = k.streams
		if d.one("EFF") != nil {
			k.files = methodOf(d, "EFF")
		}
	}
	if k.strings == identity && k.streams == identity && k.files == identity {
		return nil
	}
	if k.secret = secret256(d); k.secret == nil {
		k.secret = secret128(d, ids)
	}
	if k.secret == nil {
		return nil
	}
	return k
}

// methodOf returns the method of the crypt filter that entry names.
func methodOf(d dict, entry name) method {
	filters, _ := d.one("CF").(dict)
	named, _ := d.one(entry).(name)
	filter, _ := filters.one(named).(dict)
	switch filter.one("CFM") {
	case name("V2"):
		return rc4Method
	case name("AESV2"):
		return aesV2
	case name("AESV3"):
		return aesV3
	}
	return identity
}

// secret128 is algorithm 2, up to revision 4, and algorithms 4 and 5 to check it.
// Readers disagree on how they come by revision and length; the user string
// proves which are right.
func secret128(d dict, ids []text) []byte {
	owner, _ := d.one("O").(text)
	user, _ := d.one("U").(text)
	permissions, _ := d.one("P").(int64)
	if len(owner) < 32 || len(user) < 16 {
		return nil
	}
	for _, id := range ids {
		check := md5.Sum(append([]byte(padding), id...)) // #nosec G401 -- the format's
		for _, metadata := range [...]string{"", "\xFF\xFF\xFF\xFF"} {
			h := md5.New() // #nosec G401 -- the format's
			h.Write([]byte(padding))
			h.Write(owner[:32])
			h.Write(binary.LittleEndian.AppendUint32(nil, uint32(permissions))) // #nosec G115 -- its low 32 bits
			h.Write(id)
			h.Write([]byte(metadata))
			if secret := proven(h.Sum(nil), check[:], user[:16]); secret != nil {
				return secret
			}
		}
	}
	return nil
}

// proven returns the secret made from hash that the user string is the proof of.
func proven(hash, check, user []byte) []byte {
	for length := len(hash); length >= 1; length-- {
		if bytes.Equal(user, rc4Of(hash[:length], []byte(padding))[:16]) { // revision 2
			return hash[:length]
		}
		if secret := repeated(hash, length); bytes.Equal(user, proof(secret, check)) {
			return secret
		}
	}
	return nil
}

// repeated is how later revisions make a secret dearer to guess.
func repeated(secret []byte, length int) []byte {
	for range 50 {
		sum := md5.Sum(secret[:length]) // #nosec G401 -- the format's
		secret = sum[:]
	}
	return secret[:length]
}

// proof is what the user string begins with, for those who know the secret.
func proof(secret, check []byte) []byte {
	round := make([]byte, len(secret))
	for i := range byte(20) {
		for j := range round {
			round[j] = secret[j] ^ i
		}
		check = rc4Of(round, check)
	}
	return check
}

// secret256 is algorithm 2.A; the user string is a hash and two salts.
func secret256(d dict) []byte {
	user, _ := d.one("U").(text)
	wrapped, _ := d.one("UE").(text)
	if len(user) < 48 || len(wrapped) < 32 {
		return nil
	}
	hash := hardened
	if d.one("R") == int64(5) {
		hash = plainHash
	}
	if !bytes.Equal(user[:32], hash(user[32:40])) {
		return nil
	}
	block, err := aes.NewCipher(hash(user[40:48]))
	if err != nil {
		return nil
	}
	secret := make([]byte, 32)
	cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(secret, wrapped[:32])
	return secret
}

func plainHash(salt []byte) []byte {
	sum := sha256.Sum256(salt)
	return sum[:]
}

// hardened is algorithm 2.B for an empty password.
func hardened(salt []byte) []byte {
	k, last := plainHash(salt), 0
	room := make([]byte, 0, 64*sha512.Size)
	for round := 0; round < 64 || last > round-32; round++ {
		e := room
		for range 64 {
			e = append(e, k...)
		}
		block, err := aes.NewCipher(k[:16])
		if err != nil {
			return nil
		}
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(e, e)
		sum := 0 // the remainder of a number is that of its digits' sum, for 256 is one more than a multiple of 3
		for _, b := range e[:16] {
			sum += int(b)
		}
		switch sum % 3 {
		case 0:
			k = plainHash(e)
		case 1:
			h := sha512.Sum384(e)
			k = h[:]
		default:
			h := sha512.Sum512(e)
			k = h[:]
		}
		last = int(e[len(e)-1])
	}
	return k[:32]
}

func rc4Of(secret, b []byte) []byte {
	c, err := rc4.NewCipher(secret) // #nosec G405 -- the format's
	if err != nil {
		return nil
	}
	out := make([]byte, len(b))
	c.XORKeyStream(out, b)
	return out
}
