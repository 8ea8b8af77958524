package policy_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
	"github.com/stretchr/testify/require"
)

var allSamples = sync.OnceValue(corpus.Build)

// judge runs all three gates as the pipeline does.
func judge(t testing.TB, p *policy.Policy, name, declared string, data []byte) policy.Decision {
	t.Helper()
	s := policy.Subject{Filename: name, Declared: declared, Size: int64(len(data))}
	d := p.Name(s)
	if !d.Allow {
		return d
	}
	head := data[:min(len(data), policy.HeadBytes)]
	d = p.Head(s, head, len(head) == len(data))
	if !d.Allow || !d.NeedContent {
		return d
	}
	d, err := p.Content(t.Context(), s, bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	return d
}

func TestDangerousFilesAreRefusedUnderAnyName(t *testing.T) {
	p := policy.Default()
	n := 0
	for _, s := range allSamples() {
		if !s.Dangerous() && s.Group != corpus.ActiveWeb {
			continue
		}
		n++
		for _, name := range []string{"invoice.pdf", "photo.jpg", "letter.docx", "mail.eml", "invoice"} {
			d := judge(t, p, name, "application/pdf", s.Data)
			require.False(t, d.Allow, "%s as %s (%s)", s.Name, name, d.Type.MIME)
			require.Contains(t, []policy.Reason{policy.DisguisedType, policy.BlockedType}, d.Reason, "%s as %s", s.Name, name)
			require.NotEmpty(t, d.Message)
		}
		if s.Dangerous() {
			require.False(t, judge(t, p, s.Name, "", s.Data).Allow, s.Name)
		}
	}
	require.Greater(t, n, 150)
}

func TestMacrosUnderAnotherNameAreRefused(t *testing.T) {
	for _, s := range allSamples() {
		if !s.Macros {
			continue
		}
		for _, name := range []string{"invoice.pdf", "letter.docx", "sheet.xlsx", "slides.pptx"} {
			d := judge(t, policy.Default(), name, "", s.Data)
			require.Equal(t, policy.DisguisedMacros, d.Reason, "%s as %s: %+v", s.Name, name, d)
		}
		d := judge(t, policy.Default(), s.Name, "", s.Data)
		require.True(t, d.Allow, "%s: %s", s.Name, d.Message)
		require.True(t, d.Type.Macros, s.Name)
		require.Contains(t, kinds(d), policy.FindMacros)

		require.False(t, judge(t, policy.Strict(), s.Name, "", s.Data).Allow, s.Name)
	}
}

func kinds(d policy.Decision) []string {
	var all []string
	for _, f := range d.Findings {
		all = append(all, f.Kind)
	}
	return all
}

// TestOfficeMailPasses is the other half of the bargain.
func TestOfficeMailPasses(t *testing.T) {
	n := 0
	for _, s := range allSamples() {
		switch s.Group {
		case corpus.Documents, corpus.Images, corpus.Media, corpus.Mail, corpus.Texts:
		case corpus.ActiveWeb:
			if !strings.HasSuffix(s.Name, ".html") && !strings.HasSuffix(s.Name, ".svg") {
				continue
			}
		default:
			continue
		}
		if strings.HasPrefix(s.Name, "clam.") { // a program embedded in a document
			continue
		}
		n++
		for _, declared := range append([]string{"", "application/octet-stream"}, s.Accept[0]) {
			d := judge(t, policy.Default(), s.Name, declared, s.Data)
			require.True(t, d.Allow, "%s declared %q: %s %s (%s)", s.Name, declared, d.Reason, d.Message, d.Type.MIME)
		}
	}
	require.Greater(t, n, 150)
}

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		name string
		want policy.Reason
	}{
		{"invoice.pdf", ""},
		{"invoice", ""},
		{"invoice.exe", policy.BlockedExtension},
		{"invoice.pdf.exe", policy.BlockedExtension},
		{"invoice.EXE .", policy.BlockedExtension},
		{"invoice.exe::$DATA", policy.BlockedExtension},
		{"invoice.exe:x.pdf", policy.HiddenExtension},
		{"invoice.exe.pdf", policy.HiddenExtension},
		{"invoice.exe                         .pdf", policy.HiddenExtension},
		{"invoice.exe\x00.pdf", policy.HiddenExtension},
		{"invoice．exe", policy.BlockedExtension},
		{"invoice\u202Efdp.exe", policy.BlockedExtension},
		{"invoice.s\u200Bcr", policy.BlockedExtension},
		{"=?utf-8?B?aW52b2ljZS5leGU=?=", policy.BlockedExtension},
		{"invoice%2eexe", policy.BlockedExtension},
		{"folder.{3050f4d8-98b5-11cf-bb82-00aa00bdce0b}", policy.BlockedExtension},
		{"www.example.com.pdf", ""},
		{"Node.js guide.pdf", ""},
		{"Node.js.pdf", ""},
		{"version 1.2.3.docx", ""},
		{"backup.tar.gz", ""},
		{"setup.exe.zip", policy.HiddenExtension},
		{"report.docm", ""},
		{"script.sh", policy.BlockedExtension},
		{"cert.crt", ""},
		{"invoice.xml", ""},
	} {
		d := policy.Default().Name(policy.Subject{Filename: tc.name})
		require.Equal(t, tc.want, d.Reason, "%q: %s", tc.name, d.Message)
		require.Equal(t, tc.want == "", d.Allow, "%q", tc.name)
		require.Equal(t, tc.want == "", d.Err() == nil, "%q", tc.name)
	}
}

// TestDocumentedList is the list that the module has always documented.
func TestDocumentedList(t *testing.T) {
	for ext := range strings.FieldsSeq(".exe .bat .cmd .com .pif .msi .scr .vbs .js .jar .iso .dmg .app .bin .sh .bash .ps1 .pyw .pyx") {
		d := policy.Default().Name(policy.Subject{Filename: "a" + ext})
		require.Equal(t, policy.BlockedExtension, d.Reason, ext)
		require.Equal(t, "SECURITY_VIOLATION", d.Reason.Code())
	}
	for mime := range strings.FieldsSeq("application/x-executable application/x-msdos-program application/x-dvi application/x-perl application/x-python application/x-sh application/x-shellscript") {
		d := policy.Default().Name(policy.Subject{Filename: "a", Declared: mime + "; charset=utf-8"})
		require.Equal(t, policy.BlockedDeclared, d.Reason, mime)
	}
	for ext := range strings.FieldsSeq(".zip .rar .7z .tar .gz") {
		require.Equal(t, policy.BlockedExtension, policy.Strict().Name(policy.Subject{Filename: "a" + ext}).Reason, ext)
		require.True(t, policy.Default().Name(policy.Subject{Filename: "a" + ext}).Allow, ext)
	}
}

func TestRules(t *testing.T) {
	script := []byte("var a = new ActiveXObject('A');\nWScript.Quit();\n")
	p := policy.Default().Allow(policy.Extensions(".JS"))
	require.True(t, judge(t, p, "a.js", "", script).Allow)
	require.Equal(t, policy.DisguisedType, judge(t, p, "a.pdf", "", script).Reason)
	require.False(t, judge(t, policy.Default(), "a.js", "", script).Allow, "Allow changed its receiver")

	p = policy.Default().Block(policy.Families(detect.Image))
	d := judge(t, p, "a.png", "", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"))
	require.Equal(t, policy.BlockedType, d.Reason)

	p = policy.Default().Only(policy.Types("application/pdf", "image/*"))
	require.True(t, judge(t, p, "a.pdf", "", corpus.PDF()).Allow)
	d = judge(t, p, "a.txt", "", []byte("hello"))
	require.Equal(t, policy.TypeNotAllowed, d.Reason)
	require.Equal(t, "INVALID_MIME_TYPE", d.Reason.Code())

	p = policy.Default().Only(policy.Extensions("pdf"))
	require.Equal(t, policy.TypeNotAllowed, p.Name(policy.Subject{Filename: "a.txt"}).Reason)
}

func TestGuessedScriptsAreTextUnderTextNames(t *testing.T) {
	manual := []byte("const a = require('a');\nconsole.log(a);\nmodule.exports = function () {};\n")
	d := judge(t, policy.Default(), "manual.txt", "", manual)
	require.True(t, d.Allow, d.Message)
	require.Equal(t, "text/plain", d.Type.MIME)
	require.Contains(t, kinds(d), policy.FindTypeMismatch)
	require.Equal(t, policy.DisguisedType, judge(t, policy.Default(), "manual.pdf", "", manual).Reason)
}

func TestHarmlessMismatchIsRecorded(t *testing.T) {
	d := judge(t, policy.Default(), "scan.jpg", "image/jpeg", corpus.PDF())
	require.True(t, d.Allow)
	require.Equal(t, "application/pdf", d.Type.MIME)
	require.Contains(t, kinds(d), policy.FindTypeMismatch)
}

func TestViolation(t *testing.T) {
	err := policy.Default().Name(policy.Subject{Filename: "a.exe"}).Err()
	var v *policy.Violation
	require.ErrorAs(t, err, &v)
	require.Equal(t, policy.BlockedExtension, v.Reason)
	require.Equal(t, "SECURITY_VIOLATION", v.Code())
}

func TestContentFailsWithItsReader(t *testing.T) {
	broken := errors.New("disk on fire")
	d, err := policy.Default().Content(t.Context(), policy.Subject{Filename: "a.zip"}, failingReaderAt{broken}, 100)
	require.ErrorIs(t, err, broken)
	require.False(t, d.Allow)
}

type failingReaderAt struct{ err error }

func (f failingReaderAt) ReadAt([]byte, int64) (int, error) { return 0, f.err }

var _ io.ReaderAt = failingReaderAt{}
