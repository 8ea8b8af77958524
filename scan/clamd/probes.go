package clamd

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"hash/crc32"
	"io"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

func bytesObject(data []byte) scan.Object {
	return scan.Object{Size: int64(len(data)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

// member is a file in a zip: zeros, then data.
type member struct {
	name  string
	flags uint16
	zeros int64
	data  []byte
}

// writeZip stores members as they are. The archive's comment makes it shrink
// when it is deflated itself, so that nothing in it stays legible to a scanner
// that does not unpack.
func writeZip(w io.Writer, members ...member) error {
	archive := zip.NewWriter(w)
	for _, m := range members {
		size := uint64(m.zeros) + uint64(len(m.data))
		err := addRaw(archive, &zip.FileHeader{
			Name: m.name, Flags: m.flags, CRC32: crcOf(nil, m.zeros, m.data),
			CompressedSize64: size, UncompressedSize64: size,
		}, m.zeros, m.data)
		if err != nil {
			return err
		}
	}
	if err := archive.SetComment(strings.Repeat("-", 1000)); err != nil {
		return err
	}
	return archive.Close()
}

func addRaw(archive *zip.Writer, header *zip.FileHeader, zeroBytes int64, data []byte) error {
	f, err := archive.CreateRaw(header)
	if err == nil {
		_, err = io.CopyN(f, zeros{}, zeroBytes)
	}
	if err == nil {
		_, err = f.Write(data)
	}
	return err
}

// encryptedZip is marked as encrypted the classic way: bit 0 of the flags, and
// a header of 12 bytes before the data. There is no password.
func encryptedZip() []byte {
	var b bytes.Buffer
	_ = writeZip(&b, member{name: "secret.txt", flags: 1, data: bytes.Repeat([]byte{0xa5, 0x3c, 0x0f}, 30)})
	return b.Bytes()
}

// paddedZip is an archive of exactly size bytes whose last file is tail. It is
// generated while it is read.
func paddedZip(size int64, tail []byte) scan.Object {
	padding := max(0, size-int64(len(splitZip(0, tail).whole())))
	return scan.Object{Size: size, Open: func(context.Context) (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() { // ends when all is read, or when the reader is closed
			w.CloseWithError(writeZip(w, padded(padding, tail)...))
		}()
		return r, nil
	}}
}

// nestedZip holds one deflated file: an archive of padding zeros and, last, of
// tail. The compressed form of a block of zeros is repeated, so that little of
// its size is computed and none of it kept.
func nestedZip(blocks int, tail []byte) []byte {
	const block = 1 << 20
	inner := splitZip(int64(blocks)*block, tail)
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestSpeed) // the level is a valid one
	flushed := func(data []byte) (end int) {
		_, _ = w.Write(data)
		_ = w.Flush() // to a byte boundary
		return b.Len()
	}
	head := flushed(inner.head)
	deflated := func(from int) []byte { return bytes.Clone(b.Bytes()[from:]) }
	pieces := [][]byte{deflated(0)}
	if blocks > 0 {
		first := flushed(make([]byte, block)) // refers to no zeros before it
		pieces = append(pieces, deflated(head))
		flushed(make([]byte, block)) // all further ones are like this
		pieces = append(pieces, bytes.Repeat(deflated(first), blocks-1))
	}
	head = b.Len()
	_, _ = w.Write(inner.tail)
	_ = w.Close()
	data := bytes.Join(append(pieces, deflated(head)), nil)

	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	_ = addRaw(archive, &zip.FileHeader{
		Name: "inner.zip", Method: zip.Deflate, CompressedSize64: uint64(len(data)),
		CRC32: crcOf(inner.head, inner.zeros, inner.tail), UncompressedSize64: uint64(inner.size()),
	}, 0, data)
	_ = archive.Close()
	return out.Bytes()
}

const paddingName = "padding.bin"

func padded(padding int64, tail []byte) []member {
	return []member{{name: paddingName, zeros: padding}, {name: "eicar.com", data: tail}}
}

// split is an archive whose padding is only counted.
type split struct {
	head  []byte
	zeros int64
	tail  []byte
}

func (s split) size() int64   { return int64(len(s.head)) + s.zeros + int64(len(s.tail)) }
func (s split) whole() []byte { return append(bytes.Clone(s.head), s.tail...) }

func splitZip(padding int64, tail []byte) split {
	const localHeader = 30 // without the name
	s := split{zeros: padding}
	_ = writeZip(&splitter{&s, localHeader + len(paddingName), padding}, padded(padding, tail)...)
	return s
}

// splitter collects what is written but the padding: it comes after at bytes.
type splitter struct {
	*split
	at   int
	skip int64
}

func (w *splitter) Write(p []byte) (int, error) {
	n := len(p)
	if missing := w.at - len(w.head); missing > 0 {
		missing = min(missing, len(p))
		w.head, p = append(w.head, p[:missing]...), p[missing:]
	}
	skipped := min(w.skip, int64(len(p)))
	w.skip, p = w.skip-skipped, p[skipped:]
	w.tail = append(w.tail, p...)
	return n, nil
}

func crcOf(head []byte, zeroBytes int64, tail []byte) uint32 {
	h := crc32.NewIEEE()
	_, _ = h.Write(head)
	_, _ = io.CopyN(h, zeros{}, zeroBytes)
	_, _ = h.Write(tail)
	return h.Sum32()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
