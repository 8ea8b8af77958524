package pdfscan_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/archive/pdfscan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/stretchr/testify/require"
)

// list returns "name=content" for every embedded file; "?" stands for a content
// that cannot be had, "!" for an encrypted one.
func list(ctx context.Context, b []byte) ([]string, error) {
	var files []string
	err := pdfscan.Scan(ctx, bytes.NewReader(b), int64(len(b)), nil, func(f pdfscan.File) error {
		content := "?"
		switch {
		case f.Encrypted:
			content = "!"
		case f.Body != nil:
			data, err := io.ReadAll(f.Body())
			if err != nil {
				return err
			}
			content = string(data)
		}
		files = append(files, f.Name+"="+content)
		return nil
	})
	return files, err
}

func TestScan(t *testing.T) {
	type object = corpus.PDFObject
	value := func(format string, args ...any) object { return object{Value: fmt.Sprintf(format, args...)} }
	file := object{Value: "/Filter /FlateDecode", Stream: corpus.Zlib([]byte("hello"))}
	plain := object{Value: "/Type /EmbeddedFile", Stream: []byte("hello")}
	spec := value("<< /F (a.txt) /EF << /F 2 0 R >> >>")
	twice := bytes.Replace(corpus.PDFOf(spec, plain), []byte("xref"), []byte("2 0 obj <<>> stream\nbye\nendstream endobj\nxref"), 1)
	for name, tc := range map[string]struct {
		pdf  []byte
		want []string
	}{
		"none":                       {corpus.PDF(), nil},
		"usual":                      {corpus.PDFWith("a.txt", []byte("hello")), []string{"a.txt=hello"}},
		"in an object stream":        {corpus.PDFWithHidden("a.txt", []byte("hello")), []string{"a.txt=hello"}},
		"object stream without type": {corpus.PDFOf(corpus.ObjectStream("", 9, spec.Value), file), []string{"a.txt=hello"}},
		"first by reference":         {bytes.Replace(corpus.PDFOf(corpus.ObjectStream("", 9, spec.Value), file, value("4")), []byte("/First 4"), []byte("/First 3 0 R"), 1), []string{"a.txt=hello"}},
		"escaped names":              {corpus.PDFOf(value("<< /#46 (a.txt) /#45F << /F 2 0 R >> >>"), file), []string{"a.txt=hello"}},
		"escaped differently":        {corpus.PDFOf(value("<< /U#46 (a.txt) /E#46 << /UF 2 0 R >> >>"), file), []string{"a.txt=hello"}},
		"escaped stream type":        {corpus.PDFOf(corpus.ObjectStream("/Type /Obj#53tm ", 9, spec.Value), file), []string{"a.txt=hello"}},
		"uncompressed":               {corpus.PDFOf(spec, plain), []string{"a.txt=hello"}},
		"in hexadecimal":             {corpus.PDFOf(spec, object{Value: "/Filter [/ASCIIHexDecode]", Stream: []byte("68 65 6c6C6f>")}), []string{"a.txt=hello"}},
		"in base 85":                 {corpus.PDFOf(spec, object{Value: "/Filter /ASCII85Decode", Stream: []byte("BOu!rDZ~>")}), []string{"a.txt=hello"}},
		"in a chain":                 {corpus.PDFOf(spec, object{Value: "/Filter [/AHx /Fl]", Stream: fmt.Appendf(nil, "%x>", corpus.Zlib([]byte("hello")))}), []string{"a.txt=hello"}},
		"unknown encoding":           {corpus.PDFOf(spec, object{Value: "/Filter /JBIG2Decode", Stream: []byte("x")}), []string{"a.txt=?"}},
		"two encodings":              {corpus.PDFOf(spec, object{Value: "/Filter /FlateDecode /Filter /JBIG2Decode", Stream: []byte("x")}), []string{"a.txt=?"}},
		"unknown object stream":      {corpus.PDFOf(object{Value: "/Type /ObjStm /N 1 /First 4 /Filter /JBIG2Decode", Stream: []byte("x")}), []string{"=?"}},
		"missing":                    {corpus.PDFOf(value("<< /F (a.txt) /EF << /F 9 0 R >> >>")), []string{"a.txt=?"}},
		"linked only":                {corpus.PDFOf(value("<< /Type /Filespec /F (a.txt) >>")), nil},
		"a font called EF":           {corpus.PDFOf(value("<< /Font << /EF 2 0 R >> >>"), value("<< /Type /Font /FirstChar 3 >>")), nil},
		"comments":                   {corpus.PDFOf(value("<< /F %% (\n(a.txt) /EF%%x\n<< /F 2 %%\n0 R >> >>"), file), []string{"a.txt=hello"}},
		"comment in the header":      {replaced(corpus.PDFOf(spec, file), "2 0 obj", "2 %x\n0%% y\r\n%\nobj"), []string{"a.txt=hello"}},
		"comment before the stream":  {replaced(corpus.PDFOf(spec, file), ">>\nstream", ">> %"+strings.Repeat("x", 3000)+"\n"+strings.Repeat(" ", 3000)+"stream"), []string{"a.txt=hello"}},
		"blanks behind stream":       {replaced(corpus.PDFOf(spec, file), "stream\n", "stream \t \n"), []string{"a.txt=hello"}},
		"header in a comment":        {replaced(corpus.PDFOf(spec, file), "2 0 obj", "%x 2 0 obj"), []string{"a.txt=hello"}},
		"two names":                  {corpus.PDFOf(value("<< /UF (a.txt) /F (b.exe) /EF << /F 2 0 R /UF 2 0 R >> >>"), file), []string{"a.txt=hello", "b.exe=hello"}},
		"one key twice":              {corpus.PDFOf(value("<< /F (a.txt) /F (b.exe) /EF << /F 2 0 R >> >>"), file), []string{"a.txt=hello", "b.exe=hello"}},
		"UTF-16":                     {corpus.PDFOf(value("<< /UF <FEFF00E4002E0074> /EF << /F 2 0 R >> >>"), file), []string{"ä.t=hello"}},
		"octal and folders": {corpus.PDFOf(value(`<< /F (C:\\x/\141.t\
xt) /EF << /F 2 0 R >> >>`), file), []string{"a.txt=hello"}},
		"name elsewhere":               {corpus.PDFOf(value("<< /F 3 0 R /EF << /F 2 0 R >> >>"), file, value("(a.txt)")), []string{"a.txt=hello"}},
		"dictionary elsewhere":         {corpus.PDFOf(value("<< /F (a.txt) /EF 3 0 R >>"), file, value("<< /F 2 0 R >>")), []string{"a.txt=hello"}},
		"everything elsewhere, packed": {corpus.PDFOf(value("<< /F 7 0 R /EF 8 0 R >>"), file, corpus.ObjectStream("/Type /ObjStm ", 7, "(a.txt)", "<< /F 2 0 R >>")), []string{"a.txt=hello"}},
		"length elsewhere":             {corpus.PDFOf(spec, object{Value: "/Length 3 0 R", Stream: []byte("endstream hello")}, value("15")), []string{"a.txt=endstream hello"}},
		"length lies":                  {bytes.Replace(corpus.PDFOf(spec, plain), []byte("/Length 5"), []byte("/Length 2"), 1), []string{"a.txt=hello\n"}},
		"both revisions":               {twice, []string{"a.txt=hello", "a.txt=bye\n"}},
		"false object in a string":     {corpus.PDFOf(value("<< /F (a.txt) /X (7 0 obj << /EF ) /EF << /F 2 0 R >> >>"), file), []string{"=hello", "a.txt=hello"}},
		"behind long comment":          {corpus.PDFOf(value("<< /F (a.txt) %%%s\n /EF << /F 2 0 R >> >>", strings.Repeat("x", 40<<10)), file), []string{"a.txt=hello"}},
		"without surroundings":         {[]byte("%PDF-1.4 /EF << /F 2 0 R >>\n2 0 obj<<>>stream\nhello endstream"), []string{"=hello "}},
		"damaged compression":          {corpus.PDFOf(spec, object{Value: "/Filter /FlateDecode", Stream: append(stored("hello"), "\xFF\xFF\xFF"...)}), []string{"a.txt=hello"}},
		"encrypted":                    {replaced(corpus.PDFOf(spec, file), "/Root", "/Encrypt 9 0 R /Root"), []string{"=!", "a.txt=hello"}},
		"annotation":                   {corpus.PDFOf(value("<< /Annots [ << /Subtype /FileAttachment /FS << /F (a.txt) /EF << /F 2 0 R >> >> >> ] >>"), file), []string{"a.txt=hello"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := list(t.Context(), tc.pdf)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

// stored is the beginning of a zlib stream: one block, uncompressed.
func stored(s string) []byte {
	n := byte(len(s))
	return append([]byte{0x78, 0x01, 0, n, 0, ^n, 0xFF}, s...)
}

// TestEveryWindowBoundary moves a file past the end of what is read at once.
func TestEveryWindowBoundary(t *testing.T) {
	pdf := corpus.PDFWithHidden("a.txt", []byte("hello"))
	for shift := range len(pdf) + 200 {
		b := append(bytes.Repeat([]byte("\n"), 64<<10-len(pdf)-100+shift), pdf...)
		got, err := list(t.Context(), b)
		require.NoError(t, err)
		require.Equal(t, []string{"a.txt=hello"}, got, shift)
	}
}

// TestLongStreams hides a file inside the picture of a large document, whose
// bytes are searched only if there is something wrong with the document.
func TestLongStreams(t *testing.T) {
	hidden := "\n7 0 obj << /F (a.txt) /EF << /F 8 0 R >> >> endobj\n8 0 obj << >> stream\nhello\nendstream endobj\n"
	picture := []byte(strings.Repeat("x", 600<<10) + hidden + strings.Repeat("x", 100))
	document := corpus.PDFOf(
		corpus.PDFObject{Value: "<< /Type /Catalog /Pages 2 0 R >>"},
		corpus.PDFObject{Value: "<< /Type /Pages /Kids [] /Count 0 >>"},
		corpus.PDFObject{Value: "/Subtype /Image", Stream: picture},
	)
	got, err := list(t.Context(), document)
	require.NoError(t, err)
	require.Empty(t, got, "nobody looks for objects within a picture")

	inside := bytes.Index(document, []byte("7 0 obj"))
	entry := bytes.Index(document, []byte("00000 n"))
	replace := func(old, with string) []byte { return bytes.Replace(document, []byte(old), []byte(with), 1) }
	pointed := bytes.Clone(document)
	copy(pointed[entry-11:], fmt.Sprintf("%010d", inside))
	for name, b := range map[string][]byte{
		"an entry points into it":  bytes.Replace(document, []byte("trailer"), fmt.Appendf(nil, "7 1\n%010d 00000 n \ntrailer", inside), 1),
		"an entry is wrong":        pointed,
		"an entry is off by one":   replace("%PDF-1.7\n", "%PDF-1.7\n\n"),
		"another number":           replace("2 0 obj", "9 0 obj"),
		"no table":                 replace("startxref", "startxxxx"),
		"table elsewhere":          replace("startxref\n", "startxref\n1"),
		"no root":                  replace("/Root", "/Boot"),
		"root is no catalogue":     replace("/Catalog", "/Kattalog"),
		"length is wrong":          replace("/Length 6", "/Length 5"),
		"two lengths":              replace("/Image", "/Image /Length 3"),
		"previous table elsewhere": replace("/Root", "/Prev 7 /Root"),
		"rubbish at the end":       append(bytes.Clone(document), make([]byte, 2000)...),
	} {
		got, err := list(t.Context(), b)
		require.NoError(t, err, name)
		require.Equal(t, []string{"a.txt=hello\n"}, got, name)
	}
}

// TestSamples reads the documents of testdata, which its README describes.
func TestSamples(t *testing.T) {
	const invoice = "factur-x.xml=<?xml version=\"1.0\"?><rsm:CrossIndustryInvoice/>\n"
	for name, want := range map[string][]string{
		"invoice.pdf":          {invoice},
		"linearized.pdf":       {invoice},
		"encrypted.pdf":        {invoice},
		"encrypted-rc4.pdf":    {invoice},
		"encrypted-script.pdf": {invoice, "order.js=WScript.Echo(\"test\");\n"},
	} {
		got, err := list(t.Context(), sample(t, name))
		require.NoError(t, err)
		if !strings.HasPrefix(name, "encrypted") {
			require.Equal(t, want, got, name)
			continue
		}
		require.Subset(t, got, want, name) // besides encrypted bytes as they are
		require.NotContains(t, got, "=!", name)
	}
}

func replaced(b []byte, old, with string) []byte {
	return bytes.Replace(b, []byte(old), []byte(with), 1)
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return b
}

// TestFalseEncryption: who says that a document is encrypted, and by which key,
// hides nothing by it.
func TestFalseEncryption(t *testing.T) {
	const invoice = "factur-x.xml=<?xml version=\"1.0\"?><rsm:CrossIndustryInvoice/>\n"
	real, other := sample(t, "encrypted.pdf"), sample(t, "encrypted-rc4.pdf")
	start := bytes.Index(other, []byte("/Filter /Standard"))
	foreign := "<< " + string(other[start:start+bytes.Index(other[start:], []byte("endobj"))])
	id := regexp.MustCompile(`/ID ?\[[^]]*\]`).Find(other)
	require.NotEmpty(t, id)
	for name, tc := range map[string]struct {
		pdf  []byte
		want []string
	}{
		"not encrypted, and no key": {append(corpus.PDFWithHidden("a.txt", []byte("hello")), "\n9 0 obj "+foreign+"endobj trailer << /Encrypt 9 0 R >>"...), []string{"=!", "a.txt=hello"}},
		"not encrypted, and a key":  {append(corpus.PDFWithHidden("a.txt", []byte("hello")), "\n9 0 obj "+foreign+"endobj trailer << /Encrypt 9 0 R "+string(id)+">>"...), []string{"a.txt=hello"}},
		"another key as well":       {append(bytes.Clone(real), "\n99 0 obj "+foreign+"endobj trailer << /Encrypt 99 0 R >>"...), []string{invoice}},
		"a key that is missing":     {append(bytes.Clone(real), "\ntrailer << /Encrypt 99 0 R >>"...), []string{invoice}},
		"methods named twice":       {replaced(real, "/Filter /Standard", "/StmF /Identity /StrF /Identity /Filter /Standard"), []string{"=?"}},
		"version elsewhere":         {replaced(real, "/V 5", "/V 77 0 R"), []string{"=?"}},
		"far from its name":         {replaced(real, "/Encrypt ", "/Encrypt %"+strings.Repeat("x", 3000)+"\n"), []string{"=?"}},
		"length in bytes":           {replaced(other, "/Length 128", "/Length 16"), []string{invoice}},
		"many keys":                 {append(bytes.Clone(real), strings.Repeat("\ntrailer << /Encrypt << /U (%d) >> >>", 3)...), []string{"=!", invoice}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := list(t.Context(), tc.pdf)
			require.NoError(t, err)
			require.Subset(t, got, tc.want)
		})
	}
}

// TestFilesOfTools reads what others write, if they are installed.
func TestFilesOfTools(t *testing.T) {
	dir := t.TempDir()
	base, attached, text := filepath.Join(dir, "a.pdf"), filepath.Join(dir, "b.pdf"), filepath.Join(dir, "a.txt")
	picture := bytes.Repeat([]byte("picture "), 100<<10)
	require.NoError(t, os.WriteFile(base, corpus.PDFOf(
		corpus.PDFObject{Value: "<< /Type /Catalog /Pages 2 0 R >>"},
		corpus.PDFObject{Value: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"},
		corpus.PDFObject{Value: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Resources << /XObject << /I 4 0 R >> >> >>"},
		corpus.PDFObject{Value: "/Type /XObject /Subtype /Image /Width 10 /Height 10 /BitsPerComponent 8 /ColorSpace /DeviceGray", Stream: picture},
	), 0o600))
	require.NoError(t, os.WriteFile(text, []byte("hello"), 0o600))
	tool := func(name string, args ...string) {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skip(name + " is not installed; install it with: apt-get install -y --no-install-recommends qpdf poppler-utils")
		}
		out, err := exec.Command(path, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	tool("pdfattach", base, text, attached)
	encryptions := []string{
		"40", "128 --use-aes=n", "128 --use-aes=y", "128 --force-V4", "256 --force-R5", "256", "256 --cleartext-metadata", "128 --use-aes=y --cleartext-metadata",
	}
	for _, e := range encryptions {
		made := filepath.Join(dir, "e.pdf")
		for _, objects := range []string{"generate", "disable"} {
			tool("qpdf", slices.Concat([]string{"--allow-weak-crypto", "--object-streams=" + objects, "--encrypt", "", "owner"}, strings.Fields(e), []string{"--", attached, made})...)
			b, err := os.ReadFile(made)
			require.NoError(t, err)
			got, err := list(t.Context(), b)
			require.NoError(t, err)
			require.Contains(t, got, "a.txt=hello", "%s, object streams %s", e, objects)
			require.NotContains(t, got, "=!", "everybody can read it")
		}
		tool("qpdf", slices.Concat([]string{"--allow-weak-crypto", "--object-streams=disable", "--encrypt", "user", "owner"}, strings.Fields(e), []string{"--", attached, made})...)
		b, err := os.ReadFile(made)
		require.NoError(t, err)
		got, err := list(t.Context(), b)
		require.NoError(t, err)
		require.Contains(t, got, "=!", "with a password, "+e)
		require.NotContains(t, fmt.Sprint(got), "hello", e)
	}
	for _, args := range []string{"", "--object-streams=generate", "--object-streams=generate --stream-data=preserve", "--linearize --object-streams=generate", "--linearize", "--qdf --object-streams=disable"} {
		for pdf, want := range map[string][]string{base: nil, attached: {"a.txt=hello"}} {
			made := filepath.Join(dir, "c.pdf")
			tool("qpdf", append(strings.Fields(args), pdf, made)...)
			b, err := os.ReadFile(made)
			require.NoError(t, err)
			got, err := list(t.Context(), b)
			require.NoError(t, err)
			require.Equal(t, want, got, args)
		}
	}
}

func TestCountEndsTheScan(t *testing.T) {
	enough := errors.New("enough")
	b := corpus.PDFOf(corpus.ObjectStream("/Type /ObjStm ", 9, strings.Repeat(" ", 1<<20)))
	opts := &pdfscan.Options{Count: func(r io.Reader) io.Reader { return failingAfter{r, enough} }}
	err := pdfscan.Scan(t.Context(), bytes.NewReader(b), int64(len(b)), opts, nil)
	require.ErrorIs(t, err, enough)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = list(ctx, b)
	require.ErrorIs(t, err, context.Canceled)
}

type failingAfter struct {
	r   io.Reader
	err error
}

func (f failingAfter) Read(p []byte) (int, error) {
	n, _ := f.r.Read(p)
	return n, f.err
}

// costly are files that make a naive scanner work in vain.
func costly() map[string][]byte {
	repeat := func(s string) []byte { return append(corpus.PDF(), strings.Repeat(s, 42<<10/len(s))...) }
	nested := "1 0 obj " + strings.Repeat("<</EF", 8<<10)
	var unreached strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&unreached, "<</EF<</F %d 0 R>>>>\n", i+10)
	}
	overlapping := "/Type /ObjStm /N 4000 /First 40000 /Filter /FlateDecode"
	return map[string][]byte{
		"names":              repeat("/EF "),
		"object stream":      repeat("/ObjStm "),
		"outlines":           repeat("/First 1 "),
		"open dictionaries":  append(corpus.PDF(), nested...),
		"beginnings":         repeat("1 0 obj<</EF "),
		"many references":    repeat("1 0 obj<</EF<</F 1 0 R/A 1 0 R>>/F(a)>>"),
		"many files":         repeat("1 0 obj<</EF<</F 1 0 R>>/F(a)>>stream\n"),
		"numbers":            append(corpus.PDF(), "1 0 obj<</EF["+strings.Repeat("1 ", 20<<10)...),
		"empty values":       append(corpus.PDF(), "1 0 obj<</EF["+strings.Repeat("[]", 20<<10)...),
		"missing":            append(corpus.PDF(), unreached.String()...),
		"overlapping values": corpus.PDFOf(corpus.PDFObject{Value: overlapping, Stream: corpus.Zlib([]byte(strings.Repeat("9 0      ", 40000/9) + strings.Repeat("[/EF ", 200<<10)))}),
		"bomb":               corpus.PDFOf(corpus.PDFObject{Value: "/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", Stream: corpus.Zlib(make([]byte, 40<<20))}),
	}
}

func TestCostIsBounded(t *testing.T) {
	for name, b := range costly() {
		start := time.Now()
		files, err := list(t.Context(), b)
		if err != nil {
			require.ErrorIs(t, err, pdfscan.ErrExcess, name)
		}
		t.Logf("%-20s %7d bytes, %d files, %v, %v", name, len(b), len(files), err, time.Since(start))
	}
}
