package policy_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
	"github.com/stretchr/testify/require"
)

const (
	docxMain = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
	invoice  = `<?xml version="1.0" encoding="UTF-8"?><rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>`
)

// pdfSample reads a document by real programs, which the README beside it describes.
func pdfSample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "archive", "pdfscan", "testdata", name))
	require.NoError(t, err)
	return b
}

// TestFilesInDocuments is about what a document carries along, which a click
// opens as if it had been attached by itself.
func TestFilesInDocuments(t *testing.T) {
	zip := string(corpus.Zip("setup.exe", program))
	macros := string(corpus.OOXML("word", docxMain, "word/vbaProject.bin", "x"))
	const head = "From: a@example.com\nTo: b@example.com\nSubject: x\nMIME-Version: 1.0\n"
	sheet := string(corpus.OOXML("xl", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"))
	chart := string(corpus.CompoundFile([16]byte{}, corpus.Stream("Workbook", "\x09\x08\x10\x00"), corpus.Stream("\x01Ole", "x")))
	wrapped := func(stream, data string) string {
		return string(corpus.CompoundFile([16]byte{}, corpus.Stream(stream, data)))
	}
	pack := func(name, data string) string { return corpus.OLEPackage(name, name, []byte(data))[4:] }
	locked := strings.Replace(string(corpus.PDFWith("a.xml", []byte(invoice))), "/Root", "/Encrypt 9 0 R /Root", 1)
	judgePacked(t, []packed{
		{"electronic invoice", "a.pdf", corpus.PDFWith("factur-x.xml", []byte(invoice)), "", ""},
		{"electronic invoice, packed", "a.pdf", corpus.PDFWithHidden("factur-x.xml", []byte(invoice)), "", ""},
		{"portfolio", "a.pdf", corpus.PDFWith("letter.docx", corpus.OOXML("word", docxMain)), "", ""},
		{"PDF in PDF", "a.pdf", corpus.PDFWith("b.pdf", corpus.PDFWith("factur-x.xml", []byte(invoice))), "", ""},
		{"program in PDF", "a.pdf", corpus.PDFWith("setup.exe", []byte(program)), policy.BlockedExtension, "a.pdf/setup.exe"},
		{"program in PDF, packed", "a.pdf", corpus.PDFWithHidden("setup.exe", []byte(program)), policy.BlockedExtension, "a.pdf/setup.exe"},
		{"disguise in PDF", "a.pdf", corpus.PDFWith("a.xml", []byte(program)), policy.DisguisedType, "a.pdf/a.xml"},
		{"PDF by another name", "photo.jpg", corpus.PDFWithHidden("a.xml", []byte(program)), policy.DisguisedType, "photo.jpg/a.xml"},
		{"PDF in PDF, program", "a.pdf", corpus.PDFWith("b.pdf", corpus.PDFWithHidden("a.js", []byte("x"))), policy.BlockedExtension, "a.pdf/b.pdf/a.js"},
		{"archive in PDF", "a.pdf", corpus.PDFWith("a.zip", []byte(zip)), policy.BlockedExtension, "a.pdf/a.zip/setup.exe"},
		{"PDF in archive", "a.zip", corpus.Zip("a.pdf", string(corpus.PDFWith("a.js", []byte("x")))), policy.BlockedExtension, "a.zip/a.pdf/a.js"},
		{"PDF in mail", "a.eml", corpus.MailWith("attachment; filename=a.pdf", corpus.PDFWith("a.js", []byte("x"))), policy.BlockedExtension, "a.eml/a.pdf/a.js"},
		{"macros in PDF", "a.pdf", corpus.PDFWith("letter.docx", []byte(macros)), policy.DisguisedMacros, "a.pdf/letter.docx"},
		{"PDF behind something else", "a.pdf", append([]byte("\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01"), corpus.PDFWith("a.js", []byte("x"))...), policy.BlockedExtension, "a.pdf/a.js"},
		{"PDF in the same bytes as an archive", "a.pdf", corpus.Zip("a", string(corpus.PDF()), "b.pdf", "x"), "", ""},
		{"invoice in PDF that everybody can read", "a.pdf", pdfSample(t, "encrypted.pdf"), "", ""},
		{"the same with RC4", "a.pdf", pdfSample(t, "encrypted-rc4.pdf"), "", ""},
		{"script in PDF that everybody can read", "a.pdf", pdfSample(t, "encrypted-script.pdf"), policy.BlockedExtension, "a.pdf/order.js"},
		{"invoice in PDF with a password", "a.pdf", pdfSample(t, "password.pdf"), policy.EncryptedArchive, "a.pdf"},
		{"invoice in encrypted PDF", "a.pdf", []byte(locked), policy.EncryptedArchive, "a.pdf"},
		{"odd encoding in PDF", "a.pdf", corpus.PDFOf(corpus.PDFObject{Value: "<< /F (a.xml) /EF << /F 2 0 R >> >>"}, corpus.PDFObject{Value: "/Filter /JBIG2Decode", Stream: []byte("x")}), policy.UnreadableArchive, "a.pdf/a.xml"},
		{"letter", "a.rtf", corpus.RTFOf(""), "", ""},
		{"picture in RTF", "a.rtf", corpus.RTFWith("PBrush", "BM\x36\x00\x00\x00"), "", ""},
		{"chart in RTF", "a.rtf", corpus.RTFWith("Excel.Chart.8", chart), "", ""},
		{"sheet in RTF", "a.doc", corpus.RTFWith("Excel.Sheet.12", wrapped("Package", sheet)), "", ""},
		{"PDF in RTF", "a.rtf", corpus.RTFWith("AcroExch.Document", wrapped("CONTENTS", string(corpus.PDF()))), "", ""},
		{"text in RTF", "a.rtf", corpus.RTFWith("Package", pack("a.txt", "hello")), "", ""},
		{"program in RTF", "a.rtf", corpus.RTFWith("Package", pack("a.exe", program)), policy.BlockedExtension, "a.rtf/a.exe"},
		{"disguise in RTF", "a.rtf", corpus.RTFWith("package", pack("a.txt", program)), policy.DisguisedType, "a.rtf/a.txt"},
		{"RTF by another name", "a.pdf", corpus.RTFWith("Package", pack("a.exe", program)), policy.BlockedExtension, "a.pdf/a.exe"},
		{"package in compound file in RTF", "a.rtf", corpus.RTFWith("Package", wrapped("\x01Ole10Native", corpus.OLEPackage("a.exe", "a.exe", []byte(program)))), policy.BlockedExtension, "a.rtf/a.exe"},
		{"macros in RTF", "a.rtf", corpus.RTFWith("Word.Document.8", string(corpus.CompoundFile([16]byte{}, corpus.Stream("WordDocument", "x"), corpus.VBA("Macros")))), policy.DisguisedMacros, "a.rtf"},
		{"macros in sheet in RTF", "a.rtf", corpus.RTFWith("Excel.Sheet.12", wrapped("Package", macros)), policy.DisguisedMacros, "a.rtf"},
		{"program in PDF in RTF", "a.rtf", corpus.RTFWith("AcroExch.Document", wrapped("CONTENTS", string(corpus.PDFWith("a.exe", []byte(program))))), policy.BlockedExtension, "a.rtf/a.exe"},
		{"package behind a damaged one", "a.doc", corpus.CompoundFile([16]byte{}, corpus.Stream("\x01Ole10Native", "1234\x02\x00"+strings.Repeat("x", 8000)), corpus.Storage("x", corpus.Stream("\x01Ole10Native", corpus.OLEPackage("a.exe", "a.exe", []byte(program))))), policy.BlockedExtension, "a.doc/a.exe"},
		{"RTF in archive", "b.zip", corpus.Zip("a.doc", string(corpus.RTFWith("Package", pack("a.exe", program)))), policy.BlockedExtension, "b.zip/a.doc/a.exe"},
		{"nonsense in RTF", "a.rtf", corpus.RTFOf("0102030405060708090a"), policy.UnreadableArchive, "a.rtf"},
		{"second object in RTF", "a.rtf", append(corpus.RTFWith("PBrush", "BM"), corpus.RTFWith("Package", pack("a.exe", program))...), policy.BlockedExtension, "a.rtf/a.exe"},
		{"uuencoded picture", "a.uue", []byte(corpus.UUEncode("a.gif", []byte("GIF89a"))), "", ""},
		{"uuencoded program", "a.uue", []byte(corpus.UUEncode("a.exe", []byte(program))), policy.BlockedExtension, "a.uue/a.exe"},
		{"uuencoded disguise", "a.uue", []byte(corpus.UUEncode("a.pdf", []byte(program))), policy.DisguisedType, "a.uue/a.pdf"},
		{"uuencoded by another name", "a.pdf", []byte(corpus.UUEncode("a.exe", []byte(program))), policy.BlockedExtension, "a.pdf/a.exe"},
		{"uuencoded behind a text", "a.txt", []byte("Hi,\n\n" + corpus.UUEncode("a.exe", []byte(program))), policy.BlockedExtension, "a.txt/a.exe"},
		{"uuencoded, large, in archive", "b.zip", corpus.Zip("a.txt", strings.Repeat("Hello\n", 2000)+corpus.UUEncode("a.txt", []byte(program))), policy.DisguisedType, "b.zip/a.txt/a.txt"},
		{"uuencoded in mail", "a.eml", []byte(head + "\nHi,\n\n" + corpus.UUEncode("a.exe", []byte(program))), policy.BlockedExtension, "a.eml/a.exe"},
		{"uuencoded in part of mail", "a.eml", []byte(head + "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n" + corpus.UUEncode("a.pdf", []byte(program)) + "--b--\n"), policy.DisguisedType, "a.eml/a.pdf"},
		{"uuencoded mail attachment", "a.eml", []byte(head + "Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: x-uuencode\n\n" + corpus.UUEncode("a.pdf", []byte(program))), policy.DisguisedType, "a.eml/a.pdf/a.pdf"},
		{"prose", "a.txt", []byte("To begin with\nbegin 644 times\nand end in lower case\nend\n"), "", ""},
	})
}

func TestHostMayLoosenForDocuments(t *testing.T) {
	odd := corpus.PDFOf(corpus.PDFObject{Value: "<< /F (a.xml) /EF << /F 2 0 R >> >>"}, corpus.PDFObject{Value: "/Filter /JBIG2Decode", Stream: []byte("x")})
	p := policy.Default()
	p.UnreadableArchives = policy.Record
	d := judge(t, p, "a.pdf", "", odd)
	require.True(t, d.Allow)
	require.Contains(t, kinds(d), policy.FindUnreadable)

	d = judge(t, policy.Default().Allow(policy.Extensions("js")), "a.pdf", "", corpus.PDFWith("a.js", []byte("x")))
	require.True(t, d.Allow, d.Message)
}

// TestCabinetsAreRefused says what becomes of CAB files: offices do not mail
// them, all voices of sources.go block the extension but Chromium, and so nobody
// here looks inside.
func TestCabinetsAreRefused(t *testing.T) {
	cabinet := corpus.Cabinet("a.txt", []byte("hello"))
	odd := bytes.Clone(cabinet)
	copy(odd[4:], "\x01\x02\x03\x04") // reserved
	for _, data := range [][]byte{cabinet, odd} {
		require.Equal(t, policy.BlockedExtension, judge(t, policy.Default(), "a.cab", "", data).Reason)
		for _, name := range []string{"a.pdf", "a.zip", "a.txt", "a"} {
			require.Equal(t, policy.UnreadableArchive, judge(t, policy.Default(), name, "", data).Reason, name)
		}
		require.Equal(t, policy.UnreadableArchive, judge(t, policy.Default(), "a.zip", "", corpus.Zip("a.txt", string(data))).Reason)
		require.Equal(t, policy.UnreadableArchive, judge(t, policy.Default(), "a.pdf", "", corpus.PDFWith("a.txt", data)).Reason)
	}

	p := policy.Default().Allow(policy.Extensions("cab"))
	require.Equal(t, policy.UnreadableArchive, judge(t, p, "a.cab", "", cabinet).Reason)
	p.UnreadableArchives = policy.Record
	require.True(t, judge(t, p, "a.cab", "", cabinet).Allow)
}
