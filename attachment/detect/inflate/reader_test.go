package inflate_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/inflate"
	"github.com/stretchr/testify/require"
)

// pieces reads r to its end, n bytes at a time.
func pieces(r io.Reader, n int) ([]byte, error) {
	var out bytes.Buffer
	for p := make([]byte, n); ; {
		got, err := r.Read(p)
		out.Write(p[:got])
		if err != nil {
			return out.Bytes(), err
		}
	}
}

// deflate compresses data; level 0 stores it.
func deflate(level int, data []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(data)
	_ = w.Close()
	return out.Bytes()
}

func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// requireSame inflates packed in steps of n bytes, and by the library alone.
func requireSame(t testing.TB, r *inflate.Reader, packed []byte, n int) {
	t.Helper()
	want, wantErr := pieces(flate.NewReader(bytes.NewReader(packed)), n)
	r.Reset(section(packed))
	got, gotErr := pieces(r, n)
	if !bytes.Equal(want, got) {
		t.Fatalf("%d bytes in steps of %d are not the library's %d", len(got), n, len(want))
	}
	if gotErr.Error() != wantErr.Error() {
		t.Fatalf("after %d bytes: %v, not %v", len(got), gotErr, wantErr)
	}
	if _, again := r.Read(make([]byte, n)); again.Error() != wantErr.Error() {
		t.Fatalf("and then: %v, not %v", again, wantErr)
	}
}

var steps = []int{99, 512, 4 << 10, 4<<10 + 1, 32 << 10, 64 << 10}

func contents() map[string][]byte {
	text := []byte(strings.Repeat("a line of text that compresses well enough\n", 1500))
	return map[string][]byte{
		"nothing": nil,
		"little":  []byte("little"),
		"text":    text,
		"zeros":   make([]byte, 200<<10),
		"noise":   noise(40 << 10),
		"4 KiB":   noise(4 << 10),
		"mixed":   append(append(bytes.Clone(text[:5000]), noise(20<<10)...), text...),
		"late":    append(noise(9000), text...),
	}
}

func TestSameAsTheLibrary(t *testing.T) {
	var r inflate.Reader // one for all, so that nothing of the last may show
	for name, data := range contents() {
		for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
			packed := deflate(level, data)
			for _, n := range steps {
				t.Run(name, func(t *testing.T) {
					requireSame(t, &r, packed, n)
					requireSame(t, &r, append(bytes.Clone(packed), noise(10<<10)...), n)
				})
			}
		}
	}
}

// TestSameWhenBroken cuts and damages streams in front of, at, and behind what
// the decompressor sees at first.
func TestSameWhenBroken(t *testing.T) {
	var r inflate.Reader
	for _, name := range []string{"text", "noise", "late"} {
		packed := deflate(flate.DefaultCompression, contents()[name])
		for _, at := range []int{0, 1, 10, 300, 4000, 4607, 4608, 4609, 5000, 9000, len(packed) - 1} {
			if at >= len(packed) {
				continue
			}
			damaged := bytes.Clone(packed)
			damaged[at] ^= 0xFF
			for _, n := range steps {
				requireSame(t, &r, packed[:at], n)
				requireSame(t, &r, damaged, n)
			}
		}
	}
}

// TestEmptyBlocks puts more input in front of the first byte of output than is
// looked at first.
func TestEmptyBlocks(t *testing.T) {
	var r inflate.Reader
	packed := append(bytes.Repeat([]byte("\x00\x00\x00\xFF\xFF"), 3000), deflate(6, []byte("MZ and so on"))...)
	for _, n := range steps {
		requireSame(t, &r, packed, n)
	}
}

// TestNothingOfTheLast refers to bytes before the beginning, where those of the
// last one lie.
func TestNothingOfTheLast(t *testing.T) {
	var r inflate.Reader
	r.Reset(section(deflate(6, []byte(strings.Repeat("a secret of somebody else ", 3000)))))
	_, err := io.Copy(io.Discard, &r)
	require.NoError(t, err)

	// RFC 1951 3.2.6: a final block of fixed codes: length 3 (code 257),
	// distance 1 (code 0), end of block.
	r.Reset(section([]byte{0x03, 0x02, 0x00}))
	got, err := io.ReadAll(&r)
	require.Error(t, err)
	require.Empty(t, got)

	// Blocks with empty code trees, for which the old ones must not stand in.
	for i := range 200 {
		r.Reset(section(deflate(6, []byte(strings.Repeat("a secret of somebody else ", 300)))))
		_, err := io.Copy(io.Discard, &r)
		require.NoError(t, err)
		requireSame(t, &r, append([]byte{0x05, 0x00, 0x00, 0x00}, noise(100 + i)[i:]...), 512)
	}
}

// counting remembers how much was read.
type counting struct {
	io.ReaderAt
	n int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.n += n
	return n, err
}

func TestReadsNoFurther(t *testing.T) {
	packed := deflate(6, noise(1<<20))
	in := &counting{ReaderAt: bytes.NewReader(packed)}
	var r inflate.Reader
	for range 3 {
		in.n = 0
		r.Reset(io.NewSectionReader(in, 0, int64(len(packed))))
		_, err := io.ReadFull(&r, make([]byte, 4<<10))
		require.NoError(t, err)
		require.LessOrEqual(t, in.n, 5<<10)
	}
	small, p := section(deflate(6, []byte("small"))), make([]byte, 10)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		r.Reset(small)
		_, _ = r.Read(p)
	}))
}

var errBroken = errors.New("broken disk")

// failing fails from some offset on.
type failing struct {
	io.ReaderAt
	from int64
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.from {
		return 0, errBroken
	}
	return f.ReaderAt.ReadAt(p, off)
}

func TestErrorsOfTheSource(t *testing.T) {
	packed := deflate(6, noise(100<<10))
	for _, from := range []int64{0, 100, 4 << 10, 20 << 10} {
		var r inflate.Reader
		r.Reset(io.NewSectionReader(failing{bytes.NewReader(packed), from}, 0, int64(len(packed))))
		_, err := io.Copy(io.Discard, &r)
		require.ErrorIs(t, err, errBroken)
	}

	// A file that changes while it is read.
	var r inflate.Reader
	changing := bytes.Clone(packed)
	r.Reset(section(changing))
	_, err := io.ReadFull(&r, make([]byte, 4<<10))
	require.NoError(t, err)
	copy(changing, deflate(6, []byte("now it is short")))
	_, err = io.Copy(io.Discard, &r)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// FuzzReader proves that what comes out is what the library says, however it
// is read.
func FuzzReader(f *testing.F) {
	for _, data := range contents() {
		f.Add(deflate(6, data[:min(len(data), 20<<10)]), uint16(4<<10))
	}
	f.Add(append(bytes.Repeat([]byte("\x00\x00\x00\xFF\xFF"), 1000), deflate(6, []byte("x"))...), uint16(512))
	f.Add([]byte{0x03, 0x02, 0x00}, uint16(1))
	var r inflate.Reader
	f.Fuzz(func(t *testing.T, packed []byte, n uint16) {
		if len(packed) > 16<<10 {
			return // every one of them is up to a kilobyte of output
		}
		requireSame(t, &r, packed, int(n)+64)
	})
}
