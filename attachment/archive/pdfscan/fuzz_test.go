package pdfscan_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/archive/pdfscan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
)

// FuzzScan proves that bytes in memory never fail but for their excess, and that
// what is shown can be read to its end.
func FuzzScan(f *testing.F) {
	f.Add(corpus.PDF())
	f.Add(corpus.PDFWith("a.txt", []byte("hello")))
	f.Add(corpus.PDFWithHidden("a.txt", []byte("hello")))
	f.Add(corpus.PDFOf(corpus.PDFObject{Value: "<< /UF <FEFF0041> /#45F 3 0 R >>"}, corpus.PDFObject{Value: "/Filter [/AHx /A85]", Stream: []byte("00>")}, corpus.PDFObject{Value: "<< /F 2 0 R >>"}))
	f.Add([]byte("%PDF-1.4\n1 0 obj<</EF<</F 1 0 R>>/F(\\141(\\)))/Length 2 0 R>>stream\r\nendstream 2 0 obj 5"))
	for _, name := range []string{"invoice.pdf", "linearized.pdf", "encrypted.pdf", "encrypted-rc4.pdf"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	enough := errors.New("enough")
	f.Fuzz(func(t *testing.T, b []byte) {
		left := 1 << 20
		opts := &pdfscan.Options{Count: func(r io.Reader) io.Reader { return limited{r, &left, enough} }}
		err := pdfscan.Scan(t.Context(), bytes.NewReader(b), int64(len(b)), opts, func(file pdfscan.File) error {
			if file.Body == nil {
				return nil
			}
			_, err := io.Copy(io.Discard, file.Body())
			return err
		})
		if err != nil && !errors.Is(err, pdfscan.ErrExcess) && !errors.Is(err, enough) {
			t.Fatal(err)
		}
	})
}

type limited struct {
	r    io.Reader
	left *int
	err  error
}

func (l limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if *l.left -= n; *l.left < 0 {
		return n, l.err
	}
	return n, err
}
