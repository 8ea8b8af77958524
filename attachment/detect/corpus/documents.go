package corpus

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

type zipMember struct{ name, data string }

func file(name, data string) zipMember { return zipMember{name, data} }

// Zip packs files, given as name and content by turns.
func Zip(namesAndData ...string) []byte {
	var files []zipMember
	for i := 0; i+1 < len(namesAndData); i += 2 {
		files = append(files, file(namesAndData[i], namesAndData[i+1]))
	}
	return zipFile(files...)
}

func zipFile(files ...zipMember) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		method := zip.Deflate
		if f.name == "mimetype" {
			method = zip.Store
		}
		m, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		if err == nil {
			_, _ = m.Write([]byte(f.data))
		}
	}
	_ = w.Close()
	return out.Bytes()
}

const ooxml = "application/vnd.openxmlformats-officedocument."

// OOXML writes a document whose main part has the content type main; extra are
// further members, name and content by turns.
func OOXML(folder, main string, extra ...string) []byte {
	types := `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\r\n" +
		`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>`
	for i := 0; i < len(extra); i += 2 {
		if strings.HasSuffix(extra[i], "vbaProject.bin") {
			types += `<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>`
		}
	}
	types += fmt.Sprintf(`<Override PartName="/%s/main.xml" ContentType="%s"/></Types>`, folder, main)
	members := []string{
		"[Content_Types].xml", types,
		"_rels/.rels", `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>`,
		folder + "/main.xml", `<?xml version="1.0"?><w:document/>` + strings.Repeat("<w:p>Lorem ipsum dolor sit amet.</w:p>", 50),
	}
	return Zip(append(members, extra...)...)
}

// OpenDocument writes an ODF file of the given MIME type.
func OpenDocument(mime string, extra ...string) []byte {
	return Zip(append([]string{
		"mimetype", mime,
		"content.xml", `<?xml version="1.0"?><office:document-content/>`,
		"META-INF/manifest.xml", `<?xml version="1.0"?><manifest:manifest/>`,
	}, extra...)...)
}

// PDF writes a small but whole document.
func PDF() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xE2\xE3\xCF\xD3\n")
	var offsets []int
	for i, object := range []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
	} {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := b.Len()
	b.WriteString("xref\n0 4\n0000000000 65535 f \n")
	for _, at := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", start)
	return b.Bytes()
}

func documents() []Sample {
	encryptedPDF := bytes.Replace(PDF(), []byte("/Root 1 0 R"), []byte("/Root 1 0 R /Encrypt 9 0 R"), 1)
	wordStream := make([]byte, 4096)
	copy(wordStream, "\xEC\xA5\xC1\x00\x00\x00\x00\x00\x00\x00\x00\x02")
	lockedWord := bytes.Clone(wordStream)
	lockedWord[11] |= 1
	workbook := biff(0x809, 16, 0x85, 12, 0x0A, 0)
	docs := []Sample{
		one(Documents, "letter.pdf", PDF(), "application/pdf"),
		{Name: "locked.pdf", Group: Documents, Accept: []string{"application/pdf"}, Data: encryptedPDF, Encrypted: true},
		one(Documents, "letter.docx", OOXML("word", ooxml+"wordprocessingml.document.main+xml"), ooxml+"wordprocessingml.document"),
		one(Documents, "template.dotx", OOXML("word", ooxml+"wordprocessingml.template.main+xml"), ooxml+"wordprocessingml.template", ooxml+"wordprocessingml.document"),
		one(Documents, "sheet.xlsx", OOXML("xl", ooxml+"spreadsheetml.sheet.main+xml", "xl/printerSettings/printerSettings1.bin", "x"), ooxml+"spreadsheetml.sheet"),
		one(Documents, "slides.pptx", OOXML("ppt", ooxml+"presentationml.presentation.main+xml"), ooxml+"presentationml.presentation"),
		one(Documents, "show.ppsx", OOXML("ppt", ooxml+"presentationml.slideshow.main+xml"), ooxml+"presentationml.slideshow", ooxml+"presentationml.presentation"),
		one(Documents, "binary.xlsb", OOXML("xl", "application/vnd.ms-excel.sheet.binary.macroEnabled.main"), "application/vnd.ms-excel.sheet.binary.macroenabled.12", ooxml+"spreadsheetml.sheet"),
		one(Documents, "plan.vsdx", OOXML("visio", "application/vnd.ms-visio.drawing.main+xml"), "application/vnd.ms-visio.drawing.main+xml", "application/vnd.ms-visio.drawing"),
		one(Documents, "letter.doc", CompoundFile(noClass, Stream("WordDocument", string(wordStream)), Stream("1Table", "x"), Stream("\x05SummaryInformation", "x")), "application/msword"),
		{Name: "locked.doc", Group: Documents, Accept: []string{"application/msword"}, Encrypted: true,
			Data: CompoundFile(noClass, Stream("WordDocument", string(lockedWord)), Stream("1Table", "x"))},
		one(Documents, "sheet.xls", CompoundFile(noClass, Stream("Workbook", workbook), Stream("\x05SummaryInformation", "x")), "application/vnd.ms-excel"),
		one(Documents, "slides.ppt", CompoundFile(noClass, Stream("Current User", "x"), Stream("PowerPoint Document", "x")), "application/vnd.ms-powerpoint"),
		one(Documents, "chart.vsd", CompoundFile(noClass, Stream("VisioDocument", "Visio (TM) Drawing")), "application/vnd.visio", "application/vnd.ms-visio"),
		{Name: "locked.xlsx", Group: Documents, Accept: []string{"application/encrypted", ooxml + "spreadsheetml.sheet"}, Encrypted: true,
			Data: CompoundFile(noClass, Stream("EncryptionInfo", "\x04\x00\x04\x00"), Stream("EncryptedPackage", "x"))},
		text(Documents, "letter.rtf", `{\rtf1\ansi\deff0 {\fonttbl {\f0 Times New Roman;}}\f0\fs60 Hello}`, acceptRTF...),
		text(Documents, "figure.ps", "%!PS-Adobe-3.0\n%%Pages: 1\nshowpage\n", "application/postscript"),
		one(Documents, "book.epub", OpenDocument("application/epub+zip", "OEBPS/page.xhtml", "<html/>", "OEBPS/toc.js", "var a=1"), "application/epub+zip"),
		one(Documents, "notes.one", append([]byte("\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D\xAE\xB1\x53\x78\xD0\x29\x96\xD3"), make([]byte, 2048)...), "application/onenote", "application/msonenote"),
	}
	for ext, kind := range map[string]string{"odt": "text", "ods": "spreadsheet", "odp": "presentation", "odg": "graphics", "ott": "text-template"} {
		mime := "application/vnd.oasis.opendocument." + kind
		docs = append(docs, one(Documents, "paper."+ext, OpenDocument(mime, "Basic/", ""), mime))
	}
	return docs
}

// biff writes records of type and length by turns, filled with zeros.
func biff(typesAndLengths ...uint16) string {
	var b []byte
	for i := 0; i+1 < len(typesAndLengths); i += 2 {
		b = binary.LittleEndian.AppendUint16(b, typesAndLengths[i])
		b = binary.LittleEndian.AppendUint16(b, typesAndLengths[i+1])
		b = append(b, make([]byte, typesAndLengths[i+1])...)
	}
	return string(b)
}

// VBA is the storage that a VBA project consists of.
func VBA(name string) Node {
	return Storage(name, Storage("VBA", Stream("dir", "x"), Stream("_VBA_PROJECT", "\xCC\x61"), Stream("ThisDocument", "x")), Stream("PROJECT", "x"))
}

func macroDocuments() []Sample {
	project := string(CompoundFile(noClass, Storage("VBA", Stream("dir", "x"), Stream("_VBA_PROJECT", "\xCC\x61"))))
	powerPoint := "\x0F\x00\xE8\x03\x00\x00\x00\x00" + "\x02\x00\xFF\x03\x0C\x00\x00\x00" + "\x07\x00\x00\x00" + "\x01\x00\x00\x00" + "\x02\x00\x00\x00"
	macroSheet := biff(0x809, 16) + "\x85\x00\x0E\x00" + "\x00\x02\x00\x00\x00\x01" + "\x06\x00Macro1"
	fib := "\xEC\xA5\xC1\x00\x00\x00\x00\x00\x00\x00\x00\x02"
	ms := "application/vnd.ms-"
	all := []Sample{
		one(MacroDocs, "letter.doc", CompoundFile(noClass, Stream("WordDocument", fib), VBA("Macros")), "application/msword"),
		one(MacroDocs, "sheet.xls", CompoundFile(noClass, Stream("Workbook", biff(0x809, 16, 0x0A, 0)), VBA("_VBA_PROJECT_CUR")), "application/vnd.ms-excel"),
		one(MacroDocs, "slides.ppt", CompoundFile(noClass, Stream("Current User", "x"), Stream("PowerPoint Document", powerPoint)), "application/vnd.ms-powerpoint"),
		one(MacroDocs, "xlm.xls", CompoundFile(noClass, Stream("Workbook", macroSheet)), "application/vnd.ms-excel"),
		one(MacroDocs, "letter.docm", OOXML("word", ms+"word.document.macroEnabled.main+xml", "word/vbaProject.bin", project), ms+"word.document.macroenabled.12", ooxml+"wordprocessingml.document"),
		one(MacroDocs, "template.dotm", OOXML("word", ms+"word.template.macroEnabledTemplate.main+xml", "word/vbaProject.bin", project), ms+"word.template.macroenabled.12", ooxml+"wordprocessingml.document"),
		one(MacroDocs, "sheet.xlsm", OOXML("xl", ms+"excel.sheet.macroEnabled.main+xml", "xl/vbaProject.bin", project), ms+"excel.sheet.macroenabled.12", ooxml+"spreadsheetml.sheet"),
		one(MacroDocs, "sheet.xlsb", OOXML("xl", ms+"excel.sheet.binary.macroEnabled.main", "xl/vbaProject.bin", project), ms+"excel.sheet.binary.macroenabled.12", ooxml+"spreadsheetml.sheet"),
		one(MacroDocs, "addin.xlam", OOXML("xl", ms+"excel.addin.macroEnabled.main+xml", "xl/vbaProject.bin", project), ms+"excel.addin.macroenabled.12", ooxml+"spreadsheetml.sheet"),
		one(MacroDocs, "xlm.xlsm", OOXML("xl", ms+"excel.sheet.macroEnabled.main+xml", "xl/macrosheets/sheet1.xml", "<xm:macrosheet/>"), ms+"excel.sheet.macroenabled.12", ooxml+"spreadsheetml.sheet"),
		one(MacroDocs, "slides.pptm", OOXML("ppt", ms+"powerpoint.presentation.macroEnabled.main+xml", "ppt/vbaProject.bin", project), ms+"powerpoint.presentation.macroenabled.12", ooxml+"presentationml.presentation"),
		one(MacroDocs, "basic.odt", OpenDocument("application/vnd.oasis.opendocument.text", "Basic/Standard/Module1.xml", "<script:module/>"), "application/vnd.oasis.opendocument.text"),
	}
	for i := range all {
		all[i].Macros = true
	}
	return all
}
