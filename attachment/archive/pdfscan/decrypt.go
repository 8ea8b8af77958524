package pdfscan

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" // #nosec G501 -- the format's
	"crypto/rc4" // #nosec G503 -- the format's
	"io"
)

// text decrypts a string of object o.
func (k *key) text(t text, o *object) text {
	if k == nil || o.packed {
		return t
	}
	plain, _ := io.ReadAll(k.reader(k.strings, o, bytes.NewReader(t))) // what cannot be decrypted is empty
	return plain
}

// forStreams is how streams are encrypted, those with objects among them.
func (k *key) forStreams() method {
	if k == nil {
		return identity
	}
	return k.streams
}

// methods are how embedded files may be encrypted: readers do not ask for their
// own filter.
func (k *key) methods() []method {
	if k == nil || k.files == k.streams {
		return []method{k.forStreams()}
	}
	return []method{k.files, k.streams}
}

// reader decrypts the bytes of a stream or string of object o.
func (k *key) reader(m method, o *object, r io.Reader) io.Reader {
	if k == nil || m == identity {
		return r
	}
	secret := k.secretOf(m, o)
	if m == rc4Method {
		c, err := rc4.NewCipher(secret) // #nosec G405 -- the format's
		if err != nil {
			return bytes.NewReader(nil)
		}
		return cipher.StreamReader{S: c, R: r}
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return bytes.NewReader(nil)
	}
	return &cbcReader{in: bufio.NewReaderSize(r, cbcChunk), block: block}
}

// secretOf is algorithm 1: each object has its own, but for AES-256.
func (k *key) secretOf(m method, o *object) []byte {
	if m == aesV3 {
		return k.secret
	}
	h := md5.New() // #nosec G401 -- the format's
	h.Write(k.secret)
	h.Write([]byte{byte(o.num), byte(o.num >> 8), byte(o.num >> 16), byte(o.gen), byte(o.gen >> 8)}) // #nosec G115 -- low bytes
	if m == aesV2 {
		h.Write([]byte("sAlT"))
	}
	return h.Sum(nil)[:min(len(k.secret)+5, 16)]
}

const cbcChunk = 4 << 10

// cbcReader decrypts AES in CBC mode, behind its initialization vector, and
// drops the padding (7.6.3). What is no whole block is not there.
type cbcReader struct {
	in    *bufio.Reader
	block cipher.Block
	mode  cipher.BlockMode // nil before the vector is read
	buf   [cbcChunk]byte
	plain []byte // of buf: not handed out yet
	ended bool
}

func (c *cbcReader) Read(p []byte) (int, error) {
	for len(c.plain) == 0 {
		if c.ended {
			return 0, io.EOF
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

func (c *cbcReader) fill() error {
	want := c.buf[:]
	if c.mode == nil {
		want = want[:aes.BlockSize]
	}
	n, err := io.ReadFull(c.in, want)
	switch {
	case err == nil:
		_, err := c.in.Peek(1)
		c.ended = err != nil // whoever reads the file knows why
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		c.ended = true
	default:
		return err
	}
	whole := c.buf[:n-n%aes.BlockSize]
	if c.mode == nil {
		if len(whole) > 0 {
			c.mode = cipher.NewCBCDecrypter(c.block, whole)
		}
		return nil
	}
	c.mode.CryptBlocks(whole, whole)
	c.plain = whole
	if n := len(whole); c.ended && n > 0 && whole[n-1] <= aes.BlockSize {
		c.plain = whole[:n-int(whole[n-1])]
	}
	return nil
}
