package filename_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/filename"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"golang.org/x/text/unicode/norm"
)

// FuzzFilename proves what Sanitize promises, for any bytes.
func FuzzFilename(f *testing.F) {
	for _, seed := range []string{
		"invoice.pdf", "invoice.exe .", "invoice.exe::$DATA", "..\\..\\evil.exe", "invoice\u202Efdp.exe",
		"=?utf-8?B?aW52b2ljZS5leGU=?=", "=?utf-7?Q?a+AC4-exe?= =?koi8-r?B?0sXTzw==?=", "utf-8''na%C3%AFve.pdf",
		"invoice%252Eexe", "\xC0\xAE\xC0\xAF", "\xED\xA0\xBD\xED\xB8\x80", "utf-8'\u200B'%\u200B41", "CON .txt",
		strings.Repeat("ü.", 200), strings.Repeat("%25", 100) + "41", "≮.pdf", "℀⒈exe", "\u0344.x", ".\u0301exe",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if !utf8.ValidString(filename.Decode(raw)) {
			t.Fatalf("Decode(%q) is not UTF-8", raw)
		}
		checkSafe(t, raw, filename.Sanitize(raw))

		exts := filename.Extensions(raw)
		if len(exts) == 0 || exts[0] != strings.ToLower(exts[0]) || strings.HasSuffix(exts[0], " ") {
			t.Fatalf("Extensions(%q) = %q", raw, exts)
		}
		if again := filename.Extensions(filename.Sanitize(raw)); again[0] != exts[0] {
			t.Fatalf("the effective extension of %q is %q, of its safe name %q", raw, exts[0], again[0])
		}
	})
}

func checkSafe(t *testing.T, raw, safe string) {
	t.Helper()
	switch {
	case safe == "":
		t.Fatalf("%q became empty", raw)
	case len(safe) > filename.MaxBytes:
		t.Fatalf("%q became %d bytes", raw, len(safe))
	case !utf8.ValidString(safe):
		t.Fatalf("%q became %q: not UTF-8", raw, safe)
	case !norm.NFC.IsNormalString(safe):
		t.Fatalf("%q became %q: not NFC", raw, safe)
	case strings.Trim(safe, " .") != safe:
		t.Fatalf("%q became %q: blank or dot at an end", raw, safe)
	case filename.Sanitize(safe) != safe:
		t.Fatalf("%q became %q, then %q", raw, safe, filename.Sanitize(safe))
	}
	for _, form := range []string{safe, norm.NFKC.String(safe), norm.NFKD.String(safe)} {
		if strings.ContainsAny(form, `<>:"/\|?*`) {
			t.Fatalf("%q became %q: reserved character in %q", raw, safe, form)
		}
	}
	for _, r := range safe {
		if r != ' ' && !unicode.IsGraphic(r) || unicode.Is(unicode.Zs, r) && r != ' ' || unicode.Is(unicode.Cf, r) {
			t.Fatalf("%q became %q: character %U", raw, safe, r)
		}
	}
	if err := blob.ValidateKey("attachments/" + safe); err != nil {
		t.Fatalf("%q became %q: %v", raw, safe, err)
	}
}

func BenchmarkSanitize(b *testing.B) {
	for _, name := range []string{"invoice.pdf", "=?UTF-8?B?w5xiZXJzaWNodC5wZGY=?=", "Übersicht März 2026.xlsx"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				filename.Sanitize(name)
			}
		})
	}
}
