package corpus

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
)

// A PDFObject is one indirect object of PDFOf: a value, and a stream if Stream
// is not nil.
type PDFObject struct {
	Value  string // a dictionary without its brackets if there is a stream
	Stream []byte
}

// PDFOf writes a document of these objects, numbered from 1; the first is the
// catalogue. There are no pages.
func PDFOf(objects ...PDFObject) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, b.Len())
		if o.Stream == nil {
			fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o.Value)
			continue
		}
		fmt.Fprintf(&b, "%d 0 obj\n<< %s /Length %d >>\nstream\n%s\nendstream\nendobj\n", i+1, o.Value, len(o.Stream), o.Stream)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}

const (
	pdfCatalog = "<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(a) 3 0 R] >> >> >>"
	pdfPages   = "<< /Type /Pages /Kids [] /Count 0 >>"
)

// PDFWith has one file embedded, as most programs do it.
func PDFWith(name string, data []byte) []byte {
	return PDFOf(
		PDFObject{Value: pdfCatalog},
		PDFObject{Value: pdfPages},
		PDFObject{Value: fmt.Sprintf("<< /Type /Filespec /F (%s) /UF (%s) /EF << /F 4 0 R /UF 4 0 R >> >>", name, name)},
		PDFObject{Value: "/Type /EmbeddedFile /Filter /FlateDecode", Stream: Zlib(data)},
	)
}

// PDFWithHidden has one file embedded, with everything that names it in an
// object stream, and no type where none is needed.
func PDFWithHidden(name string, data []byte) []byte {
	return PDFOf(
		PDFObject{Value: pdfCatalog},
		PDFObject{Value: pdfPages},
		ObjectStream("/Type /ObjStm ", 5, fmt.Sprintf("<</EF<</F 4 0 R>>/UF(%s)>>", name)),
		PDFObject{Value: "/Filter /FlateDecode", Stream: Zlib(data)},
	)
}

// ObjectStream packs values as the objects first, first+1, …
func ObjectStream(entries string, first int, values ...string) PDFObject {
	var index, content strings.Builder
	for i, v := range values {
		fmt.Fprintf(&index, "%d %d ", first+i, content.Len())
		content.WriteString(v + "\n")
	}
	return PDFObject{
		Value:  fmt.Sprintf("%s/Filter /FlateDecode /N %d /First %d", entries, len(values), index.Len()),
		Stream: Zlib([]byte(index.String() + content.String())),
	}
}

// Zlib compresses data as PDF does.
func Zlib(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}
