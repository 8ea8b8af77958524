package policy_test

import (
	"bytes"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/archive"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
)

// FuzzPolicy proves that every attachment gets a decision with a reason, that
// bytes in memory never fail, and that a later gate does not forget what an
// earlier one refused.
func FuzzPolicy(f *testing.F) {
	f.Add("a.zip", "application/zip", corpus.Zip("a.pdf", string(corpus.PDF()), "b.zip", string(corpus.Zip("c.exe", program))))
	f.Add("a.docx", "", corpus.OOXML("word", "application/vnd.ms-word.document.macroEnabled.main+xml", "word/vbaProject.bin", "x"))
	f.Add("winmail.dat", "application/ms-tnef", corpus.TNEF("A.PDF", "a.pdf", []byte(program)))
	f.Add("a.eml", "message/rfc822", corpus.MailWith("attachment; filename=a.pdf", []byte(program)))
	f.Add("a.msg", "", corpus.OutlookMessage("a.exe", []byte(program)))
	f.Add("invoice.pdf.exe", "application/pdf", []byte(program))
	f.Add("a.tar", "", corpus.Tar("a", "b"))
	f.Add("a.js", "", []byte("var a = new ActiveXObject('x');"))
	p := policy.Default()
	p.Limits = archive.Limits{Members: 100, Inflated: 1 << 20, RatioFloor: 1 << 20}
	f.Fuzz(func(t *testing.T, name, declared string, b []byte) {
		s := policy.Subject{Filename: name, Declared: declared, Size: int64(len(b))}
		byName := p.Name(s)
		byHead := p.Head(s, b, true)
		byContent, err := p.Content(t.Context(), s, bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []policy.Decision{byName, byHead, byContent} {
			if d.Allow != (d.Reason == "") || d.Allow != (d.Message == "") || d.SafeName == "" || d.Allow != (d.Err() == nil) {
				t.Fatalf("%+v", d)
			}
		}
		if byHead.Allow && !byName.Allow || byContent.Allow && !byHead.Allow {
			t.Fatalf("forgotten: %q, then %q, then %q", byName.Reason, byHead.Reason, byContent.Reason)
		}
	})
}
