package policy_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
)

// deflate compresses data and ends the stream in one of the ways there are.
func deflate(t testing.TB, data string, end func(*flate.Writer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write([]byte(data))
	require.NoError(t, err)
	require.NoError(t, end(w))
	return out.Bytes()
}

func deflated(t testing.TB, data string) []byte { return deflate(t, data, (*flate.Writer).Close) }

// unfinished compresses data into blocks of which none is the last.
func unfinished(t testing.TB, data string) []byte { return deflate(t, data, (*flate.Writer).Flush) }

// rawZip packs one member as it is, said to hold size bytes.
func rawZip(t testing.TB, name string, method uint16, packed []byte, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	m, err := w.CreateRaw(&zip.FileHeader{Name: name, Method: method, CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(size)})
	require.NoError(t, err)
	_, err = m.Write(packed)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(b)
	return string(b)
}

// emptyBlocks is n times five bytes of DEFLATE that yield nothing.
func emptyBlocks(n int) []byte { return bytes.Repeat([]byte("\x00\x00\x00\xFF\xFF"), n) }

// TestNothingHidesBehindTheBeginning makes sure that a member is unpacked as far
// as it takes to know it, however it was packed, although what is unpacked at
// first is little.
func TestNothingHidesBehindTheBeginning(t *testing.T) {
	licence := strings.Repeat("// This program is free software.\r\n", 800)
	var words strings.Builder
	for noise := random(8 << 10); noise != ""; noise = noise[16:] {
		fmt.Fprintf(&words, "// %x\r\n", noise[:16]) // compresses, but not much
	}
	const script = "var shell = new ActiveXObject('WScript.Shell');\r\nshell.Run('calc');\r\n"
	image := "\x01CD001\x01\x00" + strings.Repeat("\x00", 2040) + "\xFFCD001\x01\x00" + strings.Repeat("\x00", 2040)
	for name, tc := range map[string]struct {
		file, data string
		want       policy.Reason
	}{
		"script behind a licence":        {"notes.pdf", licence + script, policy.DisguisedType},
		"script behind many words":       {"notes.pdf", words.String() + script, policy.DisguisedType},
		"image behind zeros":             {"scan.pdf", strings.Repeat("\x00", 32<<10) + image, policy.DisguisedType},
		"image behind noise":             {"scan.pdf", "\x00" + random(32<<10-1) + image, policy.DisguisedType},
		"image behind noise in a .txt":   {"scan.txt", "\x00" + random(32<<10-1) + image, policy.DisguisedType},
		"program in an inner zip":        {"inner.zip", string(corpus.Zip("a.bin1", random(40<<10), "setup.exe", "x")), policy.BlockedExtension},
		"program in an inner zip, alias": {"inner.pdf", string(corpus.Zip("a.bin1", random(40<<10), "setup.exe", "x")), policy.BlockedExtension},
		"program":                        {"a.pdf", program + random(20<<10), policy.DisguisedType},
	} {
		t.Run(name, func(t *testing.T) {
			size, packed := len(tc.data), deflated(t, tc.data)
			for how, b := range map[string][]byte{
				"stored":              rawZip(t, tc.file, zip.Store, []byte(tc.data), size),
				"deflated":            rawZip(t, tc.file, zip.Deflate, packed, size),
				"behind empty blocks": rawZip(t, tc.file, zip.Deflate, append(emptyBlocks(4000), packed...), size),
				"with an appendix":    rawZip(t, tc.file, zip.Deflate, append(bytes.Clone(packed), random(9000)...), size),
				"said to be empty":    rawZip(t, tc.file, zip.Deflate, packed, 0),
				"said to be large":    rawZip(t, tc.file, zip.Deflate, packed, 7<<20),
			} {
				d := judge(t, policy.Default(), "a.zip", "", b)
				require.Equal(t, tc.want, d.Reason, "%s: %+v", how, d)
			}
		})
	}
}

// TestBrokenMembers records what becomes of a member whose stream breaks. Where
// that is before its kind is known, the archive is refused; behind that nobody
// looks, as nobody looks at checksums. A stream that just ends counts as the
// part that is there, unless a container must be looked into.
func TestBrokenMembers(t *testing.T) {
	photo := "\xFF\xD8\xFF\xE0\x00\x10JFIF\x00" + random(60<<10)
	pdf := string(corpus.PDF())
	pdf += random(60<<10 - len(pdf))
	var table strings.Builder
	for noise := random(16 << 10); noise != ""; noise = noise[16:] {
		fmt.Fprintf(&table, "%x;2026-11-23\r\n", noise[:16])
	}
	letter := string(corpus.OOXML("word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml", "word/media/image1.png", random(50<<10)))
	for _, tc := range []struct {
		file, data string
		left       int // bytes before the break
		cut        policy.Reason
		broken     policy.Reason
	}{
		{"photo.jpg", photo, 3000, "", policy.MalformedArchive},
		{"photo.jpg", photo, 4300, "", ""},
		{"photo.jpg", photo, 20 << 10, "", ""},
		{"photo.txt", photo, 20 << 10, "", ""}, // known after 4 KiB, whatever its name
		{"scan.pdf", pdf, 20 << 10, policy.MalformedArchive, policy.MalformedArchive},
		{"table.csv", table.String(), 1000, "", policy.MalformedArchive},
		{"table.csv", table.String(), 4600, "", policy.MalformedArchive},
		{"table.csv", table.String(), 20 << 10, "", policy.MalformedArchive},
		{"table", table.String(), 20 << 10, "", policy.MalformedArchive},
		{"letter.docx", letter, 20 << 10, policy.MalformedArchive, policy.MalformedArchive},
		{"letter.pdf", letter, 20 << 10, policy.MalformedArchive, policy.MalformedArchive},
	} {
		stream := unfinished(t, tc.data[:tc.left])
		cut := judge(t, policy.Default(), "a.zip", "", rawZip(t, tc.file, zip.Deflate, stream, len(tc.data)))
		require.Equal(t, tc.cut, cut.Reason, "%s cut after %d bytes: %+v", tc.file, tc.left, cut)
		stream = append(stream, 0x07) // a block of a type that does not exist
		broken := judge(t, policy.Default(), "a.zip", "", rawZip(t, tc.file, zip.Deflate, stream, len(tc.data)))
		require.Equal(t, tc.broken, broken.Reason, "%s broken after %d bytes: %+v", tc.file, tc.left, broken)
	}
}

// TestJudgesShareNothingButMemory judges many attachments at once and in turn
// with one policy, and each with a policy of its own.
func TestJudgesShareNothingButMemory(t *testing.T) {
	var files []corpus.Sample
	for i, s := range corpus.Build() {
		if i%4 == 0 && len(s.Data) <= 100<<10 {
			files = append(files, corpus.Sample{Name: s.Name, Data: s.Data},
				corpus.Sample{Name: "a.zip", Data: corpus.Zip(s.Name, string(s.Data))},
				corpus.Sample{Name: "b.zip", Data: corpus.Zip("a.zip", string(corpus.Zip(s.Name, string(s.Data), "notes.txt", "x")))})
		}
	}
	want := make([]policy.Decision, len(files))
	for i, f := range files {
		want[i] = judge(t, policy.Default(), f.Name, "", f.Data)
	}
	p := policy.Default()
	copied := p.Block().Allow()
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			p := []*policy.Policy{p, copied}[worker%2]
			for i := range files {
				i = (i + worker*len(files)/4) % len(files)
				if d := judge(t, p, files[i].Name, "", files[i].Data); !reflect.DeepEqual(d, want[i]) {
					t.Errorf("%s: %+v, not %+v", files[i].Name, d, want[i])
				}
			}
		})
	}
	all.Wait()
}

// TestPolicyFromNothing makes sure that what Default prepares is no must.
func TestPolicyFromNothing(t *testing.T) {
	d := judge(t, new(policy.Policy), "a.zip", "", corpus.Zip("a.pdf", string(corpus.PDF()), "b.zip", string(corpus.SymlinkZip())))
	require.Equal(t, policy.ArchiveLink, d.Reason)
}
