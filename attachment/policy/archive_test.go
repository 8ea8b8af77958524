package policy_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/archive"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
	"github.com/stretchr/testify/require"
)

const program = "MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xFF\xFF\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

func compressed(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// packed is a file with others in it, and what becomes of it.
type packed struct {
	name   string
	file   string
	data   []byte
	want   policy.Reason // "" if it is let in
	member string        // that is to blame
}

func judgePacked(t *testing.T, files []packed) {
	t.Helper()
	for _, tc := range files {
		t.Run(tc.name, func(t *testing.T) {
			d := judge(t, policy.Default(), tc.file, "", tc.data)
			require.Equal(t, tc.want, d.Reason, "%+v", d)
			require.Equal(t, tc.member, d.Member)
			require.Equal(t, tc.want == "", d.Allow)
		})
	}
}

func TestArchives(t *testing.T) {
	zip := corpus.Zip
	pdf := string(corpus.PDF())
	docx := string(corpus.OOXML("word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"))
	hidden := string(corpus.OOXML("word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml", "word/vbaProject.bin", "x"))
	packaged := string(corpus.CompoundFile([16]byte{}, corpus.Stream("\x01Ole10Native", corpus.OLEPackage("a.txt", `C:\a.exe`, []byte(program)))))
	deep := pdf
	for range 8 {
		deep = string(zip("inner.zip", deep))
	}
	judgePacked(t, []packed{
		{"documents", "a.zip", zip("a.pdf", pdf, "b/c.docx", docx, "b/", ""), "", ""},
		{"zip in zip", "a.zip", zip("b.zip", string(zip("c.pdf", pdf))), "", ""},
		{"docx in zip in tar.gz", "a.tar.gz", compressed(t, corpus.Tar("b.zip", string(zip("c.docx", docx)))), "", ""},
		{"compressed text", "a.csv.gz", compressed(t, []byte("a,b\n1,2\n")), "", ""},
		{"program by name", "a.zip", zip("a.pdf", pdf, "setup.exe", "x"), policy.BlockedExtension, "a.zip/setup.exe"},
		{"program by content", "a.zip", zip("a.pdf", program), policy.DisguisedType, "a.zip/a.pdf"},
		{"double extension", "a.zip", zip("a.pdf.exe", pdf), policy.BlockedExtension, "a.zip/a.pdf.exe"},
		{"two deep", "a.zip", zip("b.zip", string(zip("c.js", "x"))), policy.BlockedExtension, "a.zip/b.zip/c.js"},
		{"under another name", "invoice.pdf", zip("setup.exe", program), policy.BlockedExtension, "invoice.pdf/setup.exe"},
		{"nested under another name", "a.zip", zip("b.pdf", string(zip("c.exe", program))), policy.BlockedExtension, "a.zip/b.pdf/c.exe"},
		{"in tar", "a.tar", corpus.Tar("c.exe", program), policy.BlockedExtension, "a.tar/c.exe"},
		{"in tar.gz", "a.tgz", compressed(t, corpus.Tar("c.pdf", program)), policy.DisguisedType, "a.tgz/c.pdf"},
		{"compressed program", "a.gz", compressed(t, []byte(program)), policy.DisguisedType, "a.gz"},
		{"compressed page", "index.html.gz", compressed(t, []byte("<html><body></body></html>")), "", ""},
		{"compressed page in disguise", "invoice.pdf.gz", compressed(t, []byte("<html><body></body></html>")), policy.DisguisedType, "invoice.pdf.gz"},
		{"macros in disguise", "a.zip", zip("letter.docx", hidden), policy.DisguisedMacros, "a.zip/letter.docx"},
		{"zip slip", "a.zip", zip("../../etc/cron.d/x", "x"), policy.ArchiveEscape, "a.zip/../../etc/cron.d/x"},
		{"zip slip, windows", "a.zip", zip(`..\..\x.txt`, "x"), policy.ArchiveEscape, `a.zip/..\..\x.txt`},
		{"absolute", "a.zip", zip("/etc/x", "x"), policy.ArchiveEscape, "a.zip//etc/x"},
		{"drive", "a.zip", zip(`c:/x.txt`, "x"), policy.ArchiveEscape, "a.zip/c:/x.txt"},
		{"link", "a.zip", corpus.SymlinkZip(), policy.ArchiveLink, "a.zip/link"},
		{"encrypted", "a.zip", corpus.EncryptedZip("a.pdf"), policy.EncryptedArchive, ""},
		{"too deep", "a.zip", []byte(deep), policy.ArchiveTooDeep, "a.zip/inner.zip/inner.zip/inner.zip/inner.zip/inner.zip"},
		{"overlapping", "a.zip", corpus.OverlappingZip(5, []byte("hello hello hello")), policy.MalformedArchive, ""},
		{"nested bomb", "a.zip", corpus.NestedBomb(2), policy.ArchiveBomb, "a.zip/lib 0.zip"},
		{"flat bomb", "a.zip", corpus.FlatBomb(12), policy.ArchiveBomb, ""},
		{"gzip bomb", "a.gz", corpus.GzipBomb(nil, 12), policy.ArchiveBomb, ""},
		{"mail with junk in front", "a.eml", append([]byte("X-Junk: \x00\x01\r\n"), corpus.MailWith("attachment; filename=a.exe", []byte(program))...), policy.BlockedExtension, "a.eml/a.exe"},
		{"two in one", "a.zip", append(zip("a.pdf", pdf), zip("b.pdf", pdf)...), policy.MalformedArchive, ""},
		{"a document behind another", "a.docx", []byte(docx + docx), policy.MalformedArchive, ""},
		{"truncated", "a.zip", zip("a.pdf", pdf)[:40], policy.MalformedArchive, ""},
		{"behind a picture", "a.zip", append([]byte("\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01"), zip("c.exe", program)...), policy.BlockedExtension, "a.zip/c.exe"},
		{"winmail.dat", "winmail.dat", corpus.TNEF("REPORT~1.PDF", "report.pdf", corpus.PDF()), "", ""},
		{"program in winmail.dat", "winmail.dat", corpus.TNEF("SETUP.PDF", "setup.exe", []byte(program)), policy.BlockedExtension, "winmail.dat/setup.exe"},
		{"short name in winmail.dat", "winmail.dat", corpus.TNEF("SETUP.EXE", "setup.pdf", corpus.PDF()), policy.BlockedExtension, "winmail.dat/SETUP.EXE"},
		{"disguise in winmail.dat", "winmail.dat", corpus.TNEF("A.PDF", "a.pdf", []byte(program)), policy.DisguisedType, "winmail.dat/a.pdf"},
		{"forwarded mail", "a.eml", corpus.MailWith("attachment; filename=a.pdf", corpus.PDF()), "", ""},
		{"program in mail", "a.eml", corpus.MailWith("attachment; filename=a.exe", []byte(program)), policy.BlockedExtension, "a.eml/a.exe"},
		{"encoded name in mail", "a.eml", corpus.MailWith(`attachment; filename="=?utf-8?B?YS5leGU=?="`, []byte(program)), policy.BlockedExtension, "a.eml/a.exe"},
		{"mail in zip", "a.zip", zip("a.eml", string(corpus.MailWith("attachment; filename=a.pdf", []byte(program)))), policy.DisguisedType, "a.zip/a.eml/a.pdf"},
		{"outlook message", "a.msg", corpus.OutlookMessage("a.pdf", corpus.PDF()), "", ""},
		{"program in outlook message", "a.msg", corpus.OutlookMessage("a.exe", []byte(program)), policy.BlockedExtension, "a.msg/a.exe"},
		{"package in compound file", "a.doc", []byte(packaged), policy.BlockedExtension, "a.doc/a.exe"},
		{"package in docx", "a.docx", corpus.OOXML("word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml", "word/embeddings/oleObject1.bin", packaged), policy.BlockedExtension, "a.docx/a.exe"},
		{"sheet in docx", "a.docx", corpus.OOXML("word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml", "word/embeddings/Microsoft_Excel_Sheet1.xlsx", string(corpus.OOXML("xl", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"))), "", ""},
		{"notebook", "a.one", corpus.Notebook(corpus.PDF()), "", ""},
		{"program in notebook", "a.one", corpus.Notebook([]byte(program)), policy.BlockedType, "a.one"},
	})
}

func TestEveryCompressionIsOpened(t *testing.T) {
	tarball := corpus.Tar("docs/setup.exe", program)
	for tool, args := range map[string][]string{"xz": {"-c"}, "bzip2": {"-c"}, "gzip": {"-c"}, "zstd": {"-c"}, "lzma": {"-c"}} {
		t.Run(tool, func(t *testing.T) {
			if _, err := exec.LookPath(tool); err != nil {
				t.Skip(tool + " is not installed")
			}
			cmd := exec.Command(tool, args...)
			cmd.Stdin = bytes.NewReader(tarball)
			packed, err := cmd.Output()
			require.NoError(t, err)
			d := judge(t, policy.Default(), "docs", "", packed)
			require.Equal(t, policy.BlockedExtension, d.Reason, "%+v", d)
			require.Equal(t, "docs/docs/setup.exe", d.Member)
		})
	}
}

func TestHostMayLoosen(t *testing.T) {
	p := policy.Default()
	p.EncryptedArchives = policy.Record
	d := judge(t, p, "a.zip", "", corpus.EncryptedZip("a.pdf"))
	require.True(t, d.Allow, d.Message)
	require.True(t, d.Type.Encrypted)
	require.Contains(t, kinds(d), policy.FindEncrypted)
	require.Equal(t, policy.BlockedExtension, judge(t, p, "a.zip", "", corpus.EncryptedZip("a.exe")).Reason, "names in an encrypted archive count")

	d = judge(t, p, "a.pdf", "", pdfSample(t, "password.pdf"))
	require.True(t, d.Allow, d.Message)
	require.Contains(t, kinds(d), policy.FindEncrypted)

	p = policy.Default()
	p.UnreadableArchives = policy.Record
	unreadable := "\x60\xEA\x29\x00\x1E" + strings.Repeat("\x00", 60)
	require.Equal(t, policy.UnreadableArchive, judge(t, policy.Default(), "a.bin1", "", []byte(unreadable)).Reason)
	require.True(t, judge(t, p, "a.bin1", "", []byte(unreadable)).Allow)

	p = policy.Default()
	p.Limits = archive.Limits{Members: 2}
	require.Equal(t, policy.ArchiveTooMany, judge(t, p, "a.zip", "", corpus.Zip("a.txt", "a", "b.txt", "b", "c.txt", "c")).Reason)
}

func TestContentHonoursContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data := corpus.Zip("a.pdf", string(corpus.PDF()))
	d, err := policy.Default().Content(ctx, policy.Subject{Filename: "a.zip"}, bytes.NewReader(data), int64(len(data)))
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, d.Allow)
}

// hostile are the inputs that cost most for their size.
func hostile(t testing.TB) map[string][]byte {
	t.Helper()
	quine := corpus.Quine()
	if len(quine) == 0 {
		t.Log("the Go distribution has no tests here: no quine")
	}
	return map[string][]byte{
		"flat bomb":        corpus.FlatBomb(42),
		"nested bomb":      corpus.NestedBomb(5),
		"overlapping bomb": corpus.OverlappingZip(900, make([]byte, 8<<20)),
		"gzip bomb":        corpus.GzipBomb(nil, 42),
		"tar.gz bomb":      corpus.GzipBomb(corpus.TarHeader("zeros", 42<<20), 42),
		"quine":            quine,
		"pdf bomb":         corpus.PDFOf(corpus.PDFObject{Value: "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", Stream: corpus.Zlib(make([]byte, 42<<20))}),
		"rtf of nothing":   append([]byte(`{\rtf1`), strings.Repeat(`\objdata`, 20_000)...),
		"pdf in vain":      append(corpus.PDF(), strings.Repeat("1 0 obj<</EF<</F 1 0 R/A 1 0 R>>/F(a)>>", 1000)...),
	}
}

func TestBombsCostLittleMemory(t *testing.T) {
	const limit = 16 << 20
	for name, data := range hostile(t) {
		if len(data) == 0 {
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d := judge(t, policy.Default(), "a.zip", "", data)
		runtime.ReadMemStats(&after)
		require.False(t, d.Allow, name)
		require.Contains(t, []policy.Reason{policy.ArchiveBomb, policy.ArchiveTooDeep, policy.ArchiveTooMany, policy.MalformedArchive}, d.Reason, name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(limit), "%s: everything allocated, not only what was in use at once", name)
		t.Logf("%s: %d bytes, %s, %d KiB allocated", name, len(data), d.Reason, (after.TotalAlloc-before.TotalAlloc)>>10)
	}
}
