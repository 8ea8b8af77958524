package filename_test

import (
	"strings"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/filename"
	"github.com/stretchr/testify/require"
)

func TestSanitize(t *testing.T) {
	for _, tc := range []struct{ name, raw, want string }{
		{"plain", "invoice.pdf", "invoice.pdf"},
		{"umlaut", "Übersicht März.xlsx", "Übersicht März.xlsx"},
		{"decomposed", "U\u0308bersicht.pdf", "Übersicht.pdf"},
		{"empty", "", "attachment"},
		{"only dots", "...", "attachment"},
		{"only an extension", ".pdf", "attachment.pdf"},
		{"hidden file", ".bash_profile", "attachment.bash_profile"},
		{"path", "../../etc/passwd", "passwd"},
		{"windows path", `C:\Users\eve\Desktop\plan.doc`, "plan.doc"},
		{"trailing separator", "folder/", "folder"},
		{"nothing but separators", `//\\/`, "attachment"},
		{"reserved characters", `a<b>c"d|e?f*g.txt`, "a_b_c_d_e_f_g.txt"},
		{"colon", "Re: offer.pdf", "Re_ offer.pdf"},
		{"device", "con.txt", "_con.txt"},
		{"device without extension", "NUL", "_NUL"},
		{"device with blank", "aux .pdf", "_aux .pdf"},
		{"device, superscript", "COM¹.log", "_COM¹.log"},
		{"no device", "console.log", "console.log"},
		{"trailing dots and blanks", "invoice.exe . .", "invoice.exe"},
		{"no-break blank", "invoice.exe\u00a0", "invoice.exe"},
		{"stream", "invoice.exe::$DATA", "invoice.exe"},
		{"named stream", "invoice.exe:evil:$DATA", "invoice.exe_evil"},
		{"stacked stream types", "invoice.exe::$DATA::$DATA .", "invoice.exe"},
		{"right-to-left override", "invoice\u202Efdp.exe", "invoicefdp.exe"},
		{"zero width", "invo\u200Bice.p\u200Ddf", "invoice.pdf"},
		{"hangul filler", "invoice.exe\u3164", "invoice.exe"},
		{"full-width dot", "invoice．exe", "invoice.exe"},
		{"full-width solidus", "a／b.pdf", "a_b.pdf"},
		{"care of", "℀.pdf", "_.pdf"},
		{"NUL", "invoice.exe\x00.pdf", "invoice.exe.pdf"},
		{"line break", "in\r\nvoice.pdf", "in  voice.pdf"},
		{"private use", "a\uF03Ab.pdf", "a_b.pdf"},
		{"percent", "invoice%2Eexe", "invoice.exe"},
		{"percent twice", "invoice%252Eexe", "invoice.exe"},
		{"percent of a path", "..%2F..%5Cevil.pdf", "evil.pdf"},
		{"percent that is none", "100% sure.pdf", "100% sure.pdf"},
		{"escape that appears by dropping", "a%\u200B41.pdf", "a_41.pdf"},
		{"overlong dot", "invoice\xC0\xAEexe", "invoice.exe"},
		{"overlong separator", "..\xC0\xAF..\xE0\x80\xAFevil", "evil"},
		{"latin-1", "Gr\xFC\xDFe.txt", "Grüße.txt"},
		{"surrogates one by one", "\xED\xA0\xBD\xED\xB8\x80.png", "😀.png"},
		{"encoded word", "=?UTF-8?B?w5xiZXJzaWNodC5wZGY=?=", "Übersicht.pdf"},
		{"encoded word in quotes", `"=?iso-8859-1?Q?Gr=FC=DFe.pdf?="`, "Grüße.pdf"},
		{"encoded words, cut within a character", "=?UTF-8?Q?=C3?= =?UTF-8?Q?=BC.pdf?=", "ü.pdf"},
		{"encoded words, mixed charsets", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?koi8-r?B?0sXTzy5wZGY=?=", "日本ресо.pdf"},
		{"encoded word in the middle", "Re_ =?utf-8?q?caf=C3=A9?= menu.pdf", "Re_ café menu.pdf"},
		{"encoded word hiding a program", "=?utf-8?B?aW52b2ljZS5leGU=?=", "invoice.exe"},
		{"encoded word within encoded word", "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=2Eexe=3F=3D?=", "a.exe"},
		{"language in encoded word", "=?utf-8*de?Q?=C3=BC.pdf?=", "ü.pdf"},
		{"unknown charset", "=?x-nothing?Q?a=2Epdf?=", "a.pdf"},
		{"utf-7", "=?utf-7?Q?invoice+AC4-exe?=", "invoice.exe"},
		{"extended value", "utf-8'en'na%C3%AFve.pdf", "naïve.pdf"},
		{"extended value in latin-1", "iso-8859-1''na%EFve.pdf", "naïve.pdf"},
		{"apostrophes", "O'Brien's letter.pdf", "O'Brien's letter.pdf"},
		{"long, extension kept", strings.Repeat("ü", 300) + ".pdf", strings.Repeat("ü", 125) + ".pdf"},
		{"long without extension", strings.Repeat("a", 400), strings.Repeat("a", 255)},
		{"ideographic stop stays", "報告。pdf", "報告。pdf"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.want, filename.Sanitize(tc.raw))
		})
	}
}

func TestExtensions(t *testing.T) {
	for _, tc := range []struct {
		raw  string
		want []string
	}{
		{"invoice.pdf", []string{"pdf"}},
		{"README", []string{""}},
		{"invoice.PDF", []string{"pdf"}},
		{"invoice.pdf.exe", []string{"exe", "pdf"}},
		{"invoice.exe.pdf", []string{"pdf", "exe"}},
		{"invoice.exe .", []string{"exe"}},
		{"invoice.exe      .pdf", []string{"pdf", "exe"}},
		{"invoice.exe::$DATA", []string{"exe"}},
		{"invoice.exe:x.pdf", []string{"pdf", "exe"}},
		{"invoice.exe\x00.pdf", []string{"pdf", "exe"}},
		{"invoice．exe", []string{"exe"}},
		{"invoice.ｅｘｅ", []string{"exe"}},
		{"invoice\u202Efdp.exe", []string{"exe"}},
		{"invoice.e\u200Bxe", []string{"exe"}},
		{"invoice%2eexe", []string{"exe"}},
		{"invoice.tar.gz", []string{"gz", "tar"}},
		{"a.exe/b.pdf", []string{"pdf", "exe"}},
		{"invoice.exe…", []string{"", "exe"}},
		{"=?utf-8?B?aW52b2ljZS5leGU=?=", []string{"exe"}},
		{"note.{3050f4d8-98b5-11cf-bb82-00aa00bdce0b}", []string{"{3050f4d8-98b5-11cf-bb82-00aa00bdce0b}"}},
	} {
		require.Equal(t, tc.want, filename.Extensions(tc.raw), "%q", tc.raw)
	}
}

func TestDecodeKeepsWhatIsNotEncoded(t *testing.T) {
	for _, raw := range []string{
		"invoice.pdf", "=?", "=?utf-8?", "=?utf-8?X?abc?=", "a=?b", "%", "%4", "100%", "''", "utf-8'", "ü.pdf", "a + b.pdf",
	} {
		require.Equal(t, raw, filename.Decode(raw))
	}
}
