package detect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/inflate"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/zipdir"
)

// maxDirEntries is how far into a ZIP directory the search for a known format
// goes. Formats put what marks them near the beginning.
const maxDirEntries = 4096

// zipView collects what distinguishes the formats that are ZIP files inside.
type zipView struct {
	first        string // name of the first member
	mimetype     string // content of the member "mimetype" (OpenDocument, EPUB)
	contentTypes string // content of [Content_Types].xml (OOXML)
	names        map[string]bool
	tops         map[string]bool // first path elements

	encrypted, macros bool
}

func detectZip(c Content, head []byte, room *room) (Type, error) {
	v := &zipView{names: make(map[string]bool), tops: make(map[string]bool)}
	if c.At == nil {
		return v.judgeHead(head), nil
	}
	err := v.readDirectory(c, &room.inflater)
	switch {
	case errors.Is(err, zipdir.ErrNotZip), errors.Is(err, zipdir.ErrMalformed):
		return v.judgeHead(head), nil // broken; whoever unpacks it may be more lenient
	case err != nil:
		return Type{}, err
	}
	return v.judge(), nil
}

func (v *zipView) readDirectory(c Content, inflater *inflate.Reader) error {
	defer inflater.Reset(nil)
	dir, err := zipdir.Open(c.At, c.Size)
	if err != nil {
		return err
	}
	n := 0
	for e, err := range dir.Entries() {
		if err != nil {
			return err
		}
		if n++; n > maxDirEntries {
			break
		}
		v.add(e.Name, e.Encrypted())
		if wantsContent(e.Name) && !e.Encrypted() {
			data, err := dir.Data(&e)
			if errors.Is(err, zipdir.ErrMalformed) {
				continue
			}
			if err != nil {
				return err
			}
			v.keep(e.Name, content(data, e.Method, inflater))
		}
	}
	return nil
}

// readLocal follows the local headers as far as head goes. It inflates nothing:
// this is a first impression, or all that is left of a broken file.
func (v *zipView) readLocal(head []byte) {
	const local, descriptor = "PK\x03\x04", 1 << 3
	for at := bytes.Index(head, []byte(local)); at >= 0 && at+30 <= len(head); {
		header := head[at:]
		flags := binary.LittleEndian.Uint16(header[6:])
		method := binary.LittleEndian.Uint16(header[8:])
		compressed := int(binary.LittleEndian.Uint32(header[18:]))
		nameLen := int(binary.LittleEndian.Uint16(header[26:]))
		extraLen := int(binary.LittleEndian.Uint16(header[28:]))
		data := 30 + nameLen + extraLen
		if data > len(header) {
			return
		}
		name := string(header[30 : 30+nameLen])
		v.add(name, flags&1 != 0)
		if name == "mimetype" && method == zipdir.Store && flags&descriptor == 0 {
			v.keep(name, string(header[data:min(len(header), data+compressed)]))
		}
		next := data
		if flags&descriptor == 0 {
			next = min(len(header), data+compressed)
		}
		step := bytes.Index(header[next:], []byte(local))
		if step < 0 {
			return
		}
		at += next + step
	}
}

func (v *zipView) add(name string, encrypted bool) {
	name = strings.ReplaceAll(name, `\`, "/")
	if v.first == "" {
		v.first = name
	}
	lower := strings.ToLower(name)
	top, rest, nested := strings.Cut(lower, "/")
	v.tops[top] = true
	switch {
	case !nested, top == "meta-inf", rest == "info.plist":
		v.names[lower] = true
	case strings.HasSuffix(lower, ".app/info.plist"):
		v.names["*.app/info.plist"] = true
	case top == "index" && strings.HasSuffix(lower, ".iwa"):
		v.names["*.iwa"] = true
	}
	v.encrypted = v.encrypted || encrypted
	v.macros = v.macros || carriesMacros(lower)
}

// carriesMacros knows where macros live: a VBA project or an Excel 4.0 macro
// sheet in OOXML, a Basic library or a script in OpenDocument.
func carriesMacros(lower string) bool {
	base := lower[strings.LastIndexByte(lower, '/')+1:]
	return base == "vbaproject.bin" || base == "vbaprojectsignature.bin" ||
		strings.HasPrefix(lower, "xl/macrosheets/") && base != "" ||
		strings.HasPrefix(lower, "basic/") && strings.HasSuffix(lower, ".xml") && base != "script-lc.xml" && base != "script-lb.xml" ||
		strings.HasPrefix(lower, "scripts/") && base != ""
}

func wantsContent(name string) bool {
	return name == "mimetype" || name == "[Content_Types].xml"
}

func (v *zipView) keep(name, content string) {
	if name == "mimetype" {
		v.mimetype = strings.TrimSpace(content)
		return
	}
	v.contentTypes = strings.ToLower(content)
}

// content returns the beginning of a member, "" if it cannot be read.
func content(data *io.SectionReader, method uint16, inflater *inflate.Reader) string {
	const most = 64 << 10 // [Content_Types].xml of a large workbook
	var r io.Reader = data
	switch method {
	case zipdir.Store:
	case zipdir.Deflate:
		inflater.Reset(data)
		r = inflater
	default:
		return ""
	}
	b, _ := io.ReadAll(io.LimitReader(r, most)) // what there is may suffice
	return string(b)
}

// judgeHead does without a directory.
func (v *zipView) judgeHead(head []byte) Type {
	v.readLocal(head)
	t := v.judge()
	if known := matchLibraries(head); t.MIME == zipMagic && known.Family == Document {
		known.Encrypted = t.Encrypted
		return known
	}
	return t
}

func (v *zipView) judge() Type {
	t := of(v.mime())
	t.Encrypted = v.encrypted
	t.Macros = v.macros && t.Family == Document
	return t
}

func (v *zipView) mime() string {
	switch {
	case isPackageType(v.mimetype):
		return v.mimetype
	case v.names["androidmanifest.xml"]:
		return "application/vnd.android.package-archive"
	case v.names["appxmanifest.xml"], v.names["appxbundlemanifest.xml"], v.tops["appxmetadata"] && v.names["[content_types].xml"]:
		return "application/vnd.ms-appx"
	case v.names["install.rdf"], v.names["manifest.json"] && v.names["meta-inf/mozilla.rsa"]:
		return "application/x-xpinstall"
	case v.names["meta-inf/manifest.mf"] && !v.names["[content_types].xml"]:
		return "application/java-archive"
	case v.names["*.app/info.plist"] && v.tops["payload"]:
		return "application/x-ios-app"
	case v.contentTypes != "":
		if mime := ooxmlType(v.contentTypes); mime != "" {
			if strings.Contains(v.contentTypes, "vbaproject") || strings.Contains(v.contentTypes, "intlmacrosheet") {
				v.macros = true // whatever the part is called
			}
			return mime
		}
	case v.names["doc.kml"]:
		return "application/vnd.google-earth.kmz"
	case v.names["pass.json"] && v.names["signature"]:
		return "application/vnd.apple.pkpass"
	case v.names["*.iwa"], v.names["index.apxl"], v.names["index.zip"] && v.tops["metadata"]:
		return "application/vnd.apple.iwork"
	}
	if v.names["[content_types].xml"] { // encrypted, cut short, or of an unknown producer
		switch {
		case v.tops["word"]:
			return ooxml + "wordprocessingml.document"
		case v.tops["xl"]:
			return ooxml + "spreadsheetml.sheet"
		case v.tops["ppt"]:
			return ooxml + "presentationml.presentation"
		case v.tops["visio"]:
			return "application/vnd.ms-visio.drawing.main+xml"
		}
	}
	return "application/zip"
}

// isPackageType lists what the member "mimetype" may say. It is the archive's own
// word, so nothing else is repeated.
func isPackageType(mime string) bool {
	switch mime {
	case "application/epub+zip", "application/vnd.openofficeorg.extension",
		"application/vnd.sun.xml.calc", "application/vnd.sun.xml.writer", "application/vnd.sun.xml.impress":
		return true
	}
	ext, known := describeOffice(mime)
	return known && ext != ""
}

const ooxml = "application/vnd.openxmlformats-officedocument."

// ooxmlType goes by the content type of the main part (ECMA-376, part 1).
func ooxmlType(contentTypes string) string {
	for _, main := range [...]struct{ part, mime string }{
		{"wordprocessingml.document.main+xml", ooxml + "wordprocessingml.document"},
		{"wordprocessingml.template.main+xml", ooxml + "wordprocessingml.template"},
		{"spreadsheetml.sheet.main+xml", ooxml + "spreadsheetml.sheet"},
		{"spreadsheetml.template.main+xml", ooxml + "spreadsheetml.template"},
		{"presentationml.presentation.main+xml", ooxml + "presentationml.presentation"},
		{"presentationml.template.main+xml", ooxml + "presentationml.template"},
		{"presentationml.slideshow.main+xml", ooxml + "presentationml.slideshow"},
		{"ms-word.document.macroenabled.main+xml", "application/vnd.ms-word.document.macroenabled.12"},
		{"ms-word.template.macroenabledtemplate.main+xml", "application/vnd.ms-word.template.macroenabled.12"},
		{"ms-excel.sheet.macroenabled.main+xml", "application/vnd.ms-excel.sheet.macroenabled.12"},
		{"ms-excel.template.macroenabled.main+xml", "application/vnd.ms-excel.template.macroenabled.12"},
		{"ms-excel.addin.macroenabled.main+xml", "application/vnd.ms-excel.addin.macroenabled.12"},
		{"ms-excel.sheet.binary.macroenabled.main", "application/vnd.ms-excel.sheet.binary.macroenabled.12"},
		{"ms-powerpoint.presentation.macroenabled.main+xml", "application/vnd.ms-powerpoint.presentation.macroenabled.12"},
		{"ms-powerpoint.template.macroenabled.main+xml", "application/vnd.ms-powerpoint.template.macroenabled.12"},
		{"ms-powerpoint.slideshow.macroenabled.main+xml", "application/vnd.ms-powerpoint.slideshow.macroenabled.12"},
		{"ms-powerpoint.addin.macroenabled.main+xml", "application/vnd.ms-powerpoint.addin.macroenabled.12"},
		{"ms-visio.drawing.macroenabled.main+xml", "application/vnd.ms-visio.drawing.macroenabled.12"},
		{"ms-visio.drawing.main+xml", "application/vnd.ms-visio.drawing.main+xml"},
		{"ms-package.xps-fixeddocumentsequence+xml", "application/vnd.ms-xpsdocument"},
		{"ms-package.3dmanufacturing-3dmodel+xml", "model/3mf"},
	} {
		if strings.Contains(contentTypes, main.part) {
			return main.mime
		}
	}
	return ""
}
