package detect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/cfb"
)

// detectOLE tells the formats in compound files apart by their streams.
func detectOLE(c Content, head []byte) (Type, error) {
	r, size := c.At, c.Size
	if r == nil {
		r, size = bytes.NewReader(head), int64(len(head))
	}
	f, err := cfb.Open(r, size)
	switch {
	case errors.Is(err, cfb.ErrMalformed):
		// Cut short, or only the head is there: a library may know it by less.
		if t := matchLibraries(head); t.Family == Document || t.Family == Message || t.Family == Executable {
			t.Container = true
			return t, nil
		}
		return of(oleMagic), nil
	case err != nil:
		return Type{}, err
	}
	v := oleView{file: f}
	entries := f.Entries()
	v.mime = rootType(entries[0].CLSID)
	for _, e := range f.Children(entries[0]) {
		v.addTop(e)
	}
	for _, e := range entries[1:] {
		v.add(e)
	}
	return v.judge()
}

type oleView struct {
	file *cfb.File

	word, workbook, powerpoint, currentUser *cfb.Entry

	mime                     string
	macros, encrypted, embed bool
}

// addTop looks at what lies directly under the root and so decides the type;
// deeper lie the documents that are embedded in this one.
func (v *oleView) addTop(e cfb.Entry) {
	switch name := strings.ToLower(e.Name); {
	case e.Kind == cfb.Stream && name == "worddocument":
		v.word = &e
	case e.Kind == cfb.Stream && (name == "workbook" || name == "book"):
		v.workbook = &e
	case e.Kind == cfb.Stream && name == "powerpoint document":
		v.powerpoint = &e
	case e.Kind == cfb.Stream && name == "current user":
		v.currentUser = &e
	case name == "encryptedpackage", name == "encryptioninfo":
		v.encrypted, v.mime = true, "application/encrypted"
	case name == "visiodocument":
		v.mime = "application/vnd.visio"
	case name == "quill":
		v.mime = "application/vnd.ms-publisher"
	case strings.HasPrefix(name, "__substg1.0_"), strings.HasPrefix(name, "__properties_version1.0"):
		v.mime = "application/vnd.ms-outlook"
	case v.mime == "" && isProjectProps(name):
		v.mime = "application/vnd.ms-project"
	case v.mime == "" && isMSITable(e.Name):
		v.mime = "application/x-msi"
	}
}

// add looks for macros and embedded objects, at any depth.
func (v *oleView) add(e cfb.Entry) {
	switch name := strings.ToLower(e.Name); {
	case e.Kind == cfb.Storage && (name == "vba" || name == "_vba_project_cur"):
		// Word keeps its project in Macros, Excel in _VBA_PROJECT_CUR, each
		// with a storage VBA inside.
		v.macros = true
	case e.Kind == cfb.Stream && name == "_vba_project":
		v.macros = true
	case name == "objectpool", name == "\x01ole10native", name == "package", name == "contents":
		v.embed = true
	}
}

func isProjectProps(name string) bool {
	return name == "props" || name == "props9" || name == "props12" || name == "props14"
}

// rootType goes by the class of the root storage, as stored ([MS-DTYP] GUID).
func rootType(clsid [16]byte) string {
	const installer = "\x00\x00\x00\x00\x00\xC0\x00\x00\x00\x00\x00\x00\x46"
	if string(clsid[3:]) == installer && clsid[1] == 0x10 && clsid[2] == 0x0C {
		switch clsid[0] {
		case 0x84:
			return "application/x-msi"
		case 0x86:
			return "application/x-ms-patch"
		case 0x82:
			return "application/x-ms-transform"
		}
	}
	return ""
}

// isMSITable spots the names of installer tables, which are packed two
// characters into one code point from U+3800 up, after a U+4840.
func isMSITable(name string) bool {
	for _, r := range name {
		return r == 0x4840
	}
	return false
}

func (v *oleView) judge() (Type, error) {
	mime := v.mime
	var err error
	switch {
	case mime != "":
	case v.word != nil:
		mime = "application/msword"
		err = v.readWord()
	case v.powerpoint != nil:
		mime = "application/vnd.ms-powerpoint"
		err = v.readPowerPoint()
	case v.workbook != nil:
		mime = "application/vnd.ms-excel"
		err = v.readWorkbook()
	default:
		mime = oleMagic
	}
	t := of(mime)
	t.Macros, t.Encrypted = v.macros, v.encrypted
	t.Container = mime == "application/vnd.ms-outlook" || v.embed
	return t, err
}

// prefix reads the beginning of a stream; what is malformed reads as empty.
func (v *oleView) prefix(e *cfb.Entry, n int) ([]byte, error) {
	buf := make([]byte, n)
	got, err := v.file.ReadPrefix(*e, buf)
	if errors.Is(err, cfb.ErrMalformed) {
		err = nil
	}
	return buf[:got], err
}

// readWord looks at the flags of the FIB ([MS-DOC] 2.5.1): bit 8 of the word
// at offset 10 is fEncrypted.
func (v *oleView) readWord() error {
	fib, err := v.prefix(v.word, 12)
	if len(fib) == 12 {
		v.encrypted = v.encrypted || fib[11]&0x01 != 0
	}
	return err
}

// readWorkbook walks the records of the globals ([MS-XLS] 2.4): FilePass says
// encrypted, a BoundSheet of type 1 is an Excel 4.0 macro sheet.
func (v *oleView) readWorkbook() error {
	const filePass, boundSheet, eof = 0x2F, 0x85, 0x0A
	records, err := v.prefix(v.workbook, 64<<10)
	for len(records) >= 4 {
		kind := binary.LittleEndian.Uint16(records)
		n := int(binary.LittleEndian.Uint16(records[2:]))
		records = records[4:]
		if n > len(records) {
			break
		}
		switch {
		case kind == filePass:
			v.encrypted = true
		case kind == boundSheet && n >= 6 && records[5] == 1 && !v.encrypted:
			v.macros = true
		case kind == eof:
			return err
		}
		records = records[n:]
	}
	return err
}

// readPowerPoint looks for a VBA project, which PowerPoint keeps inside its
// one stream ([MS-PPT] 2.4.10, VbaInfoAtom), and for the token that marks an
// encrypted file ([MS-PPT] 2.3.2).
func (v *oleView) readPowerPoint() error {
	if v.currentUser != nil {
		atom, err := v.prefix(v.currentUser, 16)
		if err != nil {
			return err
		}
		if len(atom) == 16 && binary.LittleEndian.Uint32(atom[12:]) == 0xF3D1C4DF {
			v.encrypted = true
		}
	}
	// Record header: version 2, type 0x03FF, length 12; then persistIdRef,
	// fHasMacros, version.
	stream, err := v.prefix(v.powerpoint, int(min(v.powerpoint.Size, 4<<20)))
	marker := []byte("\x02\x00\xFF\x03\x0C\x00\x00\x00")
	for at := bytes.Index(stream, marker); at >= 0 && at+16 <= len(stream); {
		if binary.LittleEndian.Uint32(stream[at+12:]) != 0 {
			v.macros = true
			break
		}
		next := bytes.Index(stream[at+1:], marker)
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return err
}
