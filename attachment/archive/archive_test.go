package archive_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/archive"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/stretchr/testify/require"
)

// list walks b and returns the members that have content.
func list(ctx context.Context, mime string, b []byte, limits archive.Limits) (map[string]string, error) {
	members := make(map[string]string)
	budget := archive.NewBudget(limits, int64(len(b)))
	err := archive.Walk(ctx, mime, bytes.NewReader(b), int64(len(b)), budget, func(m archive.Member, r io.Reader) error {
		if r == nil {
			return nil
		}
		data, err := io.ReadAll(r)
		members[m.Name] = string(data)
		return err
	})
	return members, err
}

func TestFormats(t *testing.T) {
	want := map[string]string{"a.txt": "hello", "b/c.txt": "world"}
	tarball := corpus.Tar("a.txt", "hello", "b/c.txt", "world")
	for mime, b := range map[string][]byte{
		"application/zip":   corpus.Zip("a.txt", "hello", "b/", "", "b/c.txt", "world"),
		"application/x-tar": tarball,
	} {
		got, err := list(t.Context(), mime, b, archive.Limits{})
		require.NoError(t, err)
		require.Equal(t, want, got, mime)
	}
	for tool, mime := range map[string]string{"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz", "zstd": "application/zstd", "lzma": "application/x-lzma"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("%s is not installed", tool)
			continue
		}
		cmd := exec.Command(tool, "-c")
		cmd.Stdin = bytes.NewReader(tarball)
		b, err := cmd.Output()
		require.NoError(t, err)
		got, err := list(t.Context(), mime, b, archive.Limits{})
		require.NoError(t, err)
		require.Equal(t, want, got, mime)
	}
}

// TestXZBlocks makes sure that the reader finds its way from block to block.
func TestXZBlocks(t *testing.T) {
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip("xz is not installed; install it with: apt-get install -y --no-install-recommends xz-utils")
	}
	text := bytes.Repeat([]byte("some text that compresses\n"), 5000)
	for _, args := range [][]string{{"-c", "--block-size=10000"}, {"-c", "-T2", "--block-size=20000"}, {"-c", "--check=none"}, {"-c", "--check=sha256"}} {
		cmd := exec.Command("xz", args...)
		cmd.Stdin = bytes.NewReader(text)
		b, err := cmd.Output()
		require.NoError(t, err)
		got, err := list(t.Context(), "application/x-xz", b, archive.Limits{})
		require.NoError(t, err, args)
		require.Equal(t, string(text), got[""], args)
	}
}

// TestSevenZip reads what 7-Zip writes with each of its methods.
func TestSevenZip(t *testing.T) {
	tool, err := exec.LookPath("7z")
	if err != nil {
		t.Skip("7z is not installed; install it with: apt-get install -y --no-install-recommends p7zip-full")
	}
	dir := t.TempDir()
	want := map[string]string{"a.txt": strings.Repeat("hello ", 1000), "b/c.txt": "world", "b/empty": "", "d.exe": "MZ" + strings.Repeat("\xE8\x00\x01\x00\x00", 500)}
	for name, data := range want {
		path := filepath.Join(dir, "in", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(data), 0o600))
	}
	for _, args := range []string{"-m0=lzma2", "-m0=lzma", "-m0=copy", "-m0=deflate", "-m0=bzip2", "-ms=off", "-mhc=off", "-mf=off", "-mf=BCJ -m0=lzma"} {
		archivePath := filepath.Join(dir, "a.7z")
		os.Remove(archivePath)
		cmd := exec.Command(tool, append(append([]string{"a"}, strings.Fields(args)...), archivePath, ".")...)
		cmd.Dir = filepath.Join(dir, "in")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		b, err := os.ReadFile(archivePath)
		require.NoError(t, err)
		got, err := list(t.Context(), "application/x-7z-compressed", b, archive.Limits{})
		if errors.Is(err, archive.ErrUnsupported) {
			t.Logf("%s: %v", args, err) // BCJ2 and the like
			continue
		}
		require.NoError(t, err, args)
		require.Len(t, got, len(want), args)
		for name, data := range want {
			if name != "d.exe" { // filtered
				require.Equal(t, data, got[name], "%s: %s", args, name)
			}
		}
	}

	locked := filepath.Join(dir, "locked.7z")
	for flags, want := range map[string]error{"-psecret": nil, "-psecret -mhe=on": archive.ErrEncrypted} {
		os.Remove(locked)
		cmd := exec.Command(tool, append(append([]string{"a"}, strings.Fields(flags)...), locked, "a.txt")...)
		cmd.Dir = filepath.Join(dir, "in")
		require.NoError(t, cmd.Run())
		b, err := os.ReadFile(locked)
		require.NoError(t, err)
		encrypted := false
		err = archive.Walk(t.Context(), "application/x-7z-compressed", bytes.NewReader(b), int64(len(b)), archive.NewBudget(archive.Limits{}, int64(len(b))),
			func(m archive.Member, r io.Reader) error {
				encrypted = encrypted || m.Encrypted && r == nil && m.Name == "a.txt"
				return nil
			})
		require.ErrorIs(t, err, want, flags)
		require.Equal(t, want == nil, encrypted, flags)
	}
}

func TestClamAVFiles(t *testing.T) {
	for suffix, mime := range map[string]string{
		"newc.cpio": "application/x-cpio", "odc.cpio": "application/x-cpio", "bin-le.cpio": "application/x-cpio", "bin-be.cpio": "application/x-cpio",
		"tnef": "application/vnd.ms-tnef", "zip": "application/zip", "tar.gz": "application/gzip", "bz2.zip": "application/zip",
		"7z": "application/x-7z-compressed", "exe.rtf": "text/rtf", "pdf": "application/pdf",
	} {
		b, err := os.ReadFile("/usr/share/clamav-testfiles/clam." + suffix)
		if err != nil {
			t.Skip("clamav-testfiles are not installed; install them with: apt-get install -y --no-install-recommends clamav-testfiles")
		}
		got, err := list(t.Context(), mime, b, archive.Limits{})
		require.NoError(t, err, suffix)
		found := false
		for _, data := range got {
			found = found || len(data) == 544 && data[:2] == "MZ"
		}
		require.True(t, found, "%s holds %d members, none is clam.exe", suffix, len(got))
	}
}

func TestLimits(t *testing.T) {
	for _, tc := range []struct {
		name   string
		mime   string
		data   []byte
		limits archive.Limits
		want   error
	}{
		{"members", "application/zip", corpus.Zip("a", "", "b", "", "c", ""), archive.Limits{Members: 2}, archive.ErrTooMany},
		{"claimed bytes", "application/zip", corpus.FlatBomb(9), archive.Limits{}, archive.ErrBomb},
		{"inflated bytes", "application/x-tar", corpus.Tar("a", string(make([]byte, 9<<10))), archive.Limits{Inflated: 1 << 10}, archive.ErrBomb},
		{"overlap", "application/zip", corpus.OverlappingZip(3, []byte("abc")), archive.Limits{}, archive.ErrMalformed},
		{"unknown format", "application/x-arj", []byte("x"), archive.Limits{}, archive.ErrUnsupported},
	} {
		_, err := list(t.Context(), tc.mime, tc.data, tc.limits)
		require.ErrorIs(t, err, tc.want, tc.name)
	}
	budget := archive.NewBudget(archive.Limits{Depth: 2}, 1)
	require.NoError(t, budget.Enter())
	require.NoError(t, budget.Enter())
	require.ErrorIs(t, budget.Enter(), archive.ErrTooDeep)
	budget.Leave()
	require.NoError(t, budget.Enter())
}

// TestTwoArchivesInOne: what one program shows and another does not is refused,
// what only looks odd is not.
func TestTwoArchivesInOne(t *testing.T) {
	const noEntries = "PK\x05\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	hidden, shown := string(corpus.Zip("a.exe", "MZ")), string(corpus.Zip("b.txt", "text"))
	padding := "PK\x03\x04" + strings.Repeat("\x00", 40) // a local header without a name, as zipflinger's
	for name, tc := range map[string]struct {
		data string
		want error
	}{
		"before an empty directory": {hidden + noEntries, archive.ErrAmbiguous},
		"before an archive":         {hidden + shown, archive.ErrAmbiguous},
		"behind something else":     {"GIF89a" + strings.Repeat("x", 1000) + hidden + shown, archive.ErrAmbiguous},
		"in a comment":              {strings.TrimSuffix(hidden, "\x00\x00") + string(binary.LittleEndian.AppendUint16(nil, uint16(len(shown)))) + shown, archive.ErrAmbiguous},
		"one archive":               {shown, nil},
		"no entries":                {noEntries, nil},
		"behind a picture":          {"GIF89a" + strings.Repeat("x", 1000) + shown, nil},
		"self-extractor":            {"MZ" + strings.Repeat("x", 100) + "PK\x03\x04 is what I look for, whatever comes" + shown, nil},
		"behind padding":            {padding + shown, nil},
	} {
		_, err := list(t.Context(), "application/zip", []byte(tc.data), archive.Limits{})
		require.ErrorIs(t, err, tc.want, name)
	}
}

// TestReadingOnAfterAWalk walks a nested archive while the member that holds it
// is still being read, again and again with one budget.
func TestReadingOnAfterAWalk(t *testing.T) {
	inner := corpus.Zip("c.txt", strings.Repeat("hidden in the inner one\n", 500))
	var text strings.Builder
	for i := range 9000 {
		fmt.Fprintln(&text, i*i)
	}
	outer := corpus.Zip("a.txt", text.String(), "b.txt", text.String())
	budget := new(archive.Budget)
	for range 3 {
		budget.Reset(archive.Limits{}, int64(len(outer)))
		var got []string
		err := archive.Walk(t.Context(), "application/zip", bytes.NewReader(outer), int64(len(outer)), budget, func(_ archive.Member, r io.Reader) error {
			begin := make([]byte, 4<<10)
			if _, err := io.ReadFull(r, begin); err != nil {
				return err
			}
			err := archive.Walk(t.Context(), "application/zip", bytes.NewReader(inner), int64(len(inner)), budget, func(_ archive.Member, r io.Reader) error {
				_, err := io.Copy(io.Discard, r)
				return err
			})
			if err != nil {
				return err
			}
			rest, err := io.ReadAll(r)
			got = append(got, string(begin)+string(rest))
			return err
		})
		require.NoError(t, err)
		require.Equal(t, []string{text.String(), text.String()}, got)
	}
}

// TestBudgetResets makes sure that nothing counted for one attachment is held
// against the next.
func TestBudgetResets(t *testing.T) {
	b := archive.NewBudget(archive.Limits{Depth: 1, Members: 1}, 1)
	require.NoError(t, b.Enter())
	require.ErrorIs(t, b.Enter(), archive.ErrTooDeep)
	b.Reset(archive.Limits{Depth: 2}, 1)
	require.NoError(t, b.Enter())
	require.NoError(t, b.Enter())
	require.ErrorIs(t, b.Enter(), archive.ErrTooDeep)
}

// TestSpoolsUseMemoryAgain keeps two spools apart that are open at once, and the
// second of two in turn from the first.
func TestSpoolsUseMemoryAgain(t *testing.T) {
	budget := archive.NewBudget(archive.Limits{}, 1)
	for i := range 5 {
		first, err := budget.NewSpool(t.Context(), strings.NewReader(strings.Repeat("a", 40<<10)))
		require.NoError(t, err)
		second, err := budget.NewSpool(t.Context(), strings.NewReader(strings.Repeat("b", 10+i)))
		require.NoError(t, err)
		for s, want := range map[*archive.Spool]string{first: strings.Repeat("a", 40<<10), second: strings.Repeat("b", 10+i)} {
			got, err := io.ReadAll(io.NewSectionReader(s, 0, 1<<20))
			require.NoError(t, err)
			require.Equal(t, want, string(got))
		}
		require.NoError(t, first.Close())
		require.NoError(t, second.Close())
		require.NoError(t, second.Close(), "twice does no harm")
	}
}

func TestSpool(t *testing.T) {
	dir := t.TempDir()
	budget := archive.NewBudget(archive.Limits{TempDir: dir}, 1)
	for _, size := range []int{0, 10, 1 << 20, 1<<20 + 1, 3 << 20} {
		data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		s, err := budget.NewSpool(t.Context(), bytes.NewReader(data))
		require.NoError(t, err)
		require.Equal(t, int64(size), s.Size())
		got, err := io.ReadAll(io.NewSectionReader(s, 0, s.Size()))
		require.NoError(t, err)
		require.Equal(t, data, got)
		require.NoError(t, s.Close())
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "temporary files remain")

	_, err = budget.NewSpool(t.Context(), io.MultiReader(bytes.NewReader(make([]byte, 2<<20)), failing{}))
	require.ErrorIs(t, err, errFailing)
	left, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "a failed spool leaves its file")
}

var errFailing = errors.New("broken")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errFailing }

func TestEscapes(t *testing.T) {
	for name, want := range map[string]bool{
		"a.txt": false, "a/b.txt": false, "a/./b": false, "a..b/c": false, "...": true, "a/...": true,
		"../a": true, "a/../b": true, `..\a`: true, "/a": true, `\a`: true, `c:\a`: true, "c:a": true, "a\x00b": true, ".. /a": true,
	} {
		require.Equal(t, want, archive.Member{Name: name}.Escapes(), "%q", name)
	}
}

// FuzzWalk proves that no archive of any format makes the walk panic, run past
// its budget or fail with an error that nobody can classify.
func FuzzWalk(f *testing.F) {
	formats := []string{
		"application/zip", "application/x-tar", "application/gzip", "application/x-bzip2", "application/zstd", "application/x-xz",
		"application/x-lzma", "application/vnd.rar", "application/x-cpio", "application/vnd.ms-tnef", "application/onenote",
		"message/rfc822", "application/vnd.ms-outlook", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"application/x-7z-compressed", "application/pdf", "text/rtf", "text/x-uuencode",
	}
	f.Add(byte(0), corpus.Zip("a.txt", "hello", "b/", ""))
	f.Add(byte(1), corpus.Tar("a.txt", "hello"))
	f.Add(byte(5), []byte("\xFD7zXZ\x00\x00\x04\xE6\xD6\xB4\x46\x02\x00\x21\x01"))
	f.Add(byte(8), []byte("070701"))
	f.Add(byte(9), corpus.TNEF("A.PDF", "a.pdf", []byte("x")))
	f.Add(byte(10), corpus.Notebook([]byte("x"))[69_000:])
	f.Add(byte(11), corpus.MailWith("attachment; filename=a.pdf", []byte("x")))
	f.Add(byte(12), corpus.OutlookMessage("a.pdf", []byte("x")))
	f.Add(byte(12), corpus.CompoundFile([16]byte{}, corpus.Stream("\x01Ole10Native", corpus.OLEPackage("a", `c:\a.exe`, []byte("x")))))
	f.Add(byte(13), corpus.Zip("word/embeddings/a.bin", "x"))
	f.Add(byte(15), corpus.PDFWithHidden("a.txt", []byte("x")))
	f.Add(byte(17), []byte(corpus.UUEncode("a.txt", []byte("x"))))
	f.Add(byte(16), corpus.RTFWith("Package", corpus.OLEPackage("a", `c:\a.exe`, []byte("x"))[4:]))
	for _, s := range corpus.Build() {
		if s.Group != corpus.Archives || len(s.Data) > 4<<10 {
			continue
		}
		for i, mime := range formats {
			if s.Accept[0] == mime {
				f.Add(byte(i), s.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, format byte, b []byte) {
		const most = 1 << 20
		limits := archive.Limits{Members: 100, Inflated: most, RatioFloor: most}
		got, err := list(t.Context(), formats[int(format)%len(formats)], b, limits)
		if len(got) > limits.Members {
			t.Fatalf("%d members", len(got))
		}
		if err == nil {
			return
		}
		for _, known := range []error{archive.ErrMalformed, archive.ErrUnsupported, archive.ErrEncrypted, archive.ErrBomb, archive.ErrTooMany, archive.ErrTooDeep} {
			if errors.Is(err, known) {
				return
			}
		}
		t.Skip() // what a decoder says while a member is read; the caller classifies it
	})
}
