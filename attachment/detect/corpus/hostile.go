package corpus

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// zeros returns n megabytes of zeros as a deflate stream: one compressed
// megabyte, again and again. Compressing them all would take a test seconds.
func zeros(prefix []byte, n int) []byte {
	var chunk bytes.Buffer
	w, _ := flate.NewWriter(&chunk, flate.BestCompression)
	flushed := func(b []byte) []byte {
		chunk.Reset()
		_, _ = w.Write(b)
		_ = w.Flush()
		return bytes.Clone(chunk.Bytes())
	}
	out := flushed(prefix)
	megabyte := make([]byte, 1<<20)
	flushed(megabyte) // fills the window
	out = append(out, bytes.Repeat(flushed(megabyte), n)...)
	return append(out, 1, 0, 0, 0xFF, 0xFF) // an empty last block
}

func zerosSum(prefix []byte, n int) uint32 {
	sum := crc32.ChecksumIEEE(prefix)
	megabyte := make([]byte, 1<<20)
	for range n {
		sum = crc32.Update(sum, crc32.IEEETable, megabyte)
	}
	return sum
}

func rawZip(members int, name string, packed []byte, sum uint32, size uint64) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := range members {
		m, err := w.CreateRaw(&zip.FileHeader{Name: strconv.Itoa(i) + name, Method: zip.Deflate, CRC32: sum, CompressedSize64: uint64(len(packed)), UncompressedSize64: size})
		if err == nil {
			_, _ = m.Write(packed)
		}
	}
	_ = w.Close()
	return out.Bytes()
}

// NestedBomb is a ZIP bomb in the manner of 42.zip: layers of sixteen archives
// each, and at the bottom sixteen files of ten megabytes of zeros.
func NestedBomb(layers int) []byte {
	content := string(rawZip(16, ".dll.txt", zeros(nil, 10), zerosSum(nil, 10), 10<<20))
	for range layers - 1 {
		var members []string
		for i := range 16 {
			members = append(members, "lib "+strconv.Itoa(i)+".zip", content)
		}
		content = string(Zip(members...))
	}
	return []byte(content)
}

// FlatBomb is one file of n megabytes of zeros.
func FlatBomb(n int) []byte {
	return rawZip(1, ".txt", zeros(nil, n), zerosSum(nil, n), uint64(n)<<20)
}

// GzipBomb is prefix and n megabytes of zeros behind it.
func GzipBomb(prefix []byte, n int) []byte {
	out := append([]byte("\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\xFF"), zeros(prefix, n)...)
	out = binary.LittleEndian.AppendUint32(out, zerosSum(prefix, n))
	return binary.LittleEndian.AppendUint32(out, uint32(len(prefix)+n<<20))
}

// OverlappingZip has n entries that share the bytes of one.
func OverlappingZip(n int, content []byte) []byte {
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestCompression)
	_, _ = w.Write(content)
	_ = w.Close()
	const name = "report.txt"
	sizes := func(b []byte) []byte {
		b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(content))
		b = binary.LittleEndian.AppendUint32(b, uint32(packed.Len()))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(content)))
		return append(b, byte(len(name)), 0, 0, 0)
	}
	out := sizes([]byte("PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00\x00\x00"))
	out = append(append(out, name...), packed.Bytes()...)
	start := len(out)
	for range n {
		out = sizes(append(out, "PK\x01\x02\x14\x00\x14\x00\x00\x00\x08\x00\x00\x00\x00\x00"...))
		out = append(append(out, make([]byte, 14)...), name...) // comment, disk, attributes, offset 0
	}
	end := []byte("PK\x05\x06\x00\x00\x00\x00")
	end = binary.LittleEndian.AppendUint16(end, uint16(n))
	end = binary.LittleEndian.AppendUint16(end, uint16(n))
	end = binary.LittleEndian.AppendUint32(end, uint32(len(out)-start))
	end = binary.LittleEndian.AppendUint32(end, uint32(start))
	return append(append(out, end...), 0, 0)
}

// EncryptedZip has one member with the encryption flag set.
func EncryptedZip(name string) []byte {
	b := Zip(name, "secret")
	const flags = 6
	b[flags] |= 1
	central := bytes.Index(b, []byte("PK\x01\x02"))
	b[central+flags+2] |= 1
	return b
}

// SymlinkZip has one member that is a symbolic link.
func SymlinkZip() []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	h := &zip.FileHeader{Name: "link"}
	h.SetMode(os.ModeSymlink | 0o777)
	if m, err := w.CreateHeader(h); err == nil {
		_, _ = m.Write([]byte("/etc/passwd"))
	}
	_ = w.Close()
	return out.Bytes()
}

// Quine is a ZIP file whose only member is itself (research.swtch.com/zip). It
// is taken out of the tests of the Go distribution; nil if they are missing.
func Quine() []byte {
	source, err := os.ReadFile(filepath.Join(runtime.GOROOT(), "src/archive/zip/reader_test.go"))
	if err != nil {
		return nil
	}
	_, dump, found := strings.Cut(string(source), "func rZipBytes() []byte {")
	dump, _, ended := strings.Cut(dump, "\n}")
	if !found || !ended {
		return nil
	}
	var out []byte
	for line := range strings.Lines(dump) {
		fields := strings.Fields(strings.Trim(line, "`\n"))
		if len(fields) < 2 || len(fields[0]) != 7 && len(fields[0]) != 8 {
			continue
		}
		for _, f := range fields[1:] {
			b, err := hex.DecodeString(f)
			if err != nil || len(b) != 1 {
				break
			}
			out = append(out, b...)
		}
	}
	return out
}

// TNEF wraps one attachment as Outlook does, under a short and a long name.
func TNEF(short, long string, data []byte) []byte {
	attribute := func(out []byte, level byte, id uint32, data []byte) []byte {
		out = append(out, level)
		out = binary.LittleEndian.AppendUint32(out, id)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
		out = append(out, data...)
		sum := uint16(0)
		for _, c := range data {
			sum += uint16(c)
		}
		return binary.LittleEndian.AppendUint16(out, sum)
	}
	name := append([]byte(long), 0)
	properties := binary.LittleEndian.AppendUint32(nil, 2)
	properties = append(properties, 0x03, 0x00, 0x05, 0x37, 1, 0, 0, 0) // PidTagAttachMethod
	properties = append(properties, 0x1E, 0x00, 0x07, 0x37, 1, 0, 0, 0)
	properties = binary.LittleEndian.AppendUint32(properties, uint32(len(name)))
	properties = append(properties, name...)
	for len(properties)%4 != 0 {
		properties = append(properties, 0)
	}
	out := []byte("x\x9F\x3E\x22\x01\x00")
	out = attribute(out, 1, 0x00069006, []byte{0, 0, 1, 0})
	out = attribute(out, 2, 0x00069002, make([]byte, 14))
	out = attribute(out, 2, 0x00018010, append([]byte(short), 0))
	out = attribute(out, 2, 0x0006800F, data)
	return attribute(out, 2, 0x00069005, properties)
}

// OLEPackage is the content of an Ole10Native stream.
func OLEPackage(label, path string, data []byte) string {
	body := []byte{2, 0}
	body = append(append(body, label...), 0)
	body = append(append(body, path...), 0)
	body = append(body, 0, 0, 3, 0)
	body = binary.LittleEndian.AppendUint32(body, uint32(len(path)+1))
	body = append(append(body, path...), 0)
	body = binary.LittleEndian.AppendUint32(body, uint32(len(data)))
	body = append(body, data...)
	return string(binary.LittleEndian.AppendUint32(nil, uint32(len(body)))) + string(body)
}

// Notebook is a OneNote section with one embedded file.
func Notebook(data []byte) []byte {
	out := append([]byte("\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D\xAE\xB1\x53\x78\xD0\x29\x96\xD3"), make([]byte, 70_000)...)
	out = append(out, "\xE7\x16\xE3\xBD\x65\x26\x11\x45\xA4\xC4\x8D\x4D\x0B\x7A\x9E\xAC"...)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(data)))
	out = append(append(out, make([]byte, 12)...), data...)
	return append(out, make([]byte, 4096)...)
}

// OutlookMessage is a .msg with one attachment.
func OutlookMessage(name string, data []byte) []byte {
	var wide []byte
	for _, r := range name {
		wide = binary.LittleEndian.AppendUint16(wide, uint16(r))
	}
	return CompoundFile(noClass, Stream("__properties_version1.0", "x"),
		Storage("__attach_version1.0_#00000000", Stream("__substg1.0_3707001F", string(wide)), Stream("__substg1.0_37010102", string(data))))
}

// MailWith is a message with one attachment.
func MailWith(disposition string, data []byte) []byte {
	return []byte("From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\nContent-Disposition: " +
		disposition + "\r\n\r\n" + string(data) + "\r\n--b--\r\n")
}
