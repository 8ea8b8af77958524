package mailbox

import (
	"mime"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestFilenamesAsProgramsSendThem(t *testing.T) {
	for field, want := range map[string]string{
		`attachment; filename=a.pdf`:                                               "a.pdf",
		`attachment; filename="a b.pdf"`:                                           "a b.pdf",
		`attachment; filename=a b.pdf`:                                             "a b.pdf", // unquoted
		`attachment; filename=a b.pdf; size=3`:                                     "a b.pdf",
		`attachment; FileName = "a.pdf"`:                                           "a.pdf",
		`attachment;filename="a;b.pdf";size=3`:                                     "a;b.pdf",
		`attachment; filename="say \"hi\".pdf"`:                                    `say "hi".pdf`,
		`attachment; filename="C:\mail\a.pdf"`:                                     `C:\mail\a.pdf`,
		`attachment; filename="unclosed.pdf`:                                       "unclosed.pdf",
		`attachment; filename="a.pdf" junk; size=1`:                                "a.pdf",
		`attachment; filename="first.pdf"; filename="second.pdf"`:                  "first.pdf",
		`attachment; noise; filename=a.pdf`:                                        "a.pdf",
		`attachment; filename==?utf-8?B?w6QucGRm?=`:                                "ä.pdf",
		`attachment; filename="=?utf-8?Q?=C3=A4?= =?utf-8?Q?.pdf?="`:               "ä.pdf",
		`attachment; filename="=?iso-2022-jp?B?GyRCMnE1RBsoQg==?=.pdf"`:            "会議.pdf",
		`attachment; filename="=?no-such-charset?B?w6QucGRm?="`:                    "=?no-such-charset?B?w6QucGRm?=",
		`attachment; filename*=utf-8''%C3%A4.pdf`:                                  "ä.pdf",
		`attachment; filename*=UTF-8'de'%C3%A4.pdf`:                                "ä.pdf",
		`attachment; filename*=iso-8859-1''%E4.pdf`:                                "ä.pdf",
		`attachment; filename*=koi8-r''%C4%C1.pdf`:                                 "да.pdf",
		`attachment; filename*="utf-8''%C3%A4.pdf"`:                                "ä.pdf", // quoted against the rule
		`attachment; filename*=utf-8''100%25.pdf`:                                  "100%.pdf",
		`attachment; filename*=utf-8''50%.pdf`:                                     "50%.pdf", // not an escape
		`attachment; filename*=%C3%A4.pdf`:                                         "ä.pdf",   // no charset
		`attachment; filename="ascii.pdf"; filename*=utf-8''%C3%A4.pdf`:            "ä.pdf",
		`attachment; filename*0="long "; filename*1="name.pdf"`:                    "long name.pdf",
		`attachment; filename*1="name.pdf"; filename*0="long "`:                    "long name.pdf",
		`attachment; filename*0*=utf-8''%C3; filename*1*=%A4; filename*2=".pdf"`:   "ä.pdf", // cut within a rune
		`attachment; filename*0*=utf-8''a%20; filename*1="100%25.pdf"`:             "a 100%25.pdf",
		`attachment; filename*0="=?utf-8?Q?=C3=A4"; filename*1="?=.pdf"`:           "ä.pdf",
		`attachment; filename*0*=gb2312''%B1%A8; filename*1*=%BC%DB.pdf`:           "报价.pdf",
		`attachment; filename*0*=utf-8''a; filename*2*=c`:                          "a", // a gap ends it
		"attachment; filename=\"gr\xfc\xdfe.pdf\"":                                 "grüße.pdf",
		`attachment; filename="größer.pdf"`:                                        "größer.pdf",
		`attachment; filename="../../evil.exe"`:                                    "../../evil.exe",
		`attachment; filename=""`:                                                  "",
		`attachment; filename`:                                                     "",
		`attachment`:                                                               "",
		``:                                                                         "",
		`attachment; filename*=utf-8''%E2%80%AEgpj.exe`:                            "\u202egpj.exe",
		`attachment; filename*99999999999=x; filename*0=`:                          "",
		"attachment; filename*=windows-1252''\x93quoted\x94.pdf":                   "“quoted”.pdf",
		`attachment; filename*=no-such-charset''%E4.pdf`:                           "ä.pdf",
		"attachment; filename*=utf-8''%FF%FE.pdf":                                  "ÿþ.pdf",
		`attachment; filename==?us-ascii?Q?report=2Epdf?=`:                         "report.pdf",
		`attachment; filename="=?UTF-8?B?8J+OgvCfjok=?= .png"`:                     "🎂🎉 .png",
		`attachment; filename="a.pdf"; filename*0*=utf-8''b; filename*1*=.pdf`:     "b.pdf",
		`attachment; name=x; x-filename=y; filename*=''plain.pdf`:                  "plain.pdf",
		"attachment;\tfilename=\ta.pdf\t":                                          "a.pdf",
		`attachment; filename='single.pdf'`:                                        "'single.pdf'",
		`attachment; filename*=UTF-8''%E4%BC%9A%E8%AD%B0.pdf; filename*=utf-8''no`: "会議.pdf",
	} {
		_, ps := parseParams(field)
		require.Equal(t, want, ps.text("filename"), field)
	}
}

func TestMediaTypes(t *testing.T) {
	for field, want := range map[string]string{
		"TEXT/Plain; charset=x": "text/plain", " application/pdf ": "application/pdf", "": "", ";": "",
	} {
		got, _ := parseParams(field)
		require.Equal(t, want, got, field)
	}
	for mediaType, want := range map[string]bool{
		"text/plain": true, "application/vnd.ms-excel": true, "image/svg+xml": true,
		"": false, "text": false, "text/": false, "/plain": false, "a/b/c": false, "te xt/plain": false, "text/plain\r\nx": false,
	} {
		require.Equal(t, want, isMediaType(mediaType), mediaType)
	}
}

// FuzzParams: no field panics, every name is UTF-8, and where the standard
// library understands a field in plain ASCII, both agree.
func FuzzParams(f *testing.F) {
	for _, seed := range []string{
		`attachment; filename="a b.pdf"; size=3`, `attachment; filename*=utf-8''%C3%A4.pdf`, `a; filename*0*=utf-8''%C3; filename*1*=%A4`,
		`a; filename="=?utf-8?Q?=C3=A4?="`, `a; filename="C:\x"`, "a; filename=\xff", `a; filename*=iso-2022-jp''%1B$B`, `;=;=";`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, field string) {
		_, ps := parseParams(field)
		got := ps.text("filename")
		if !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
		_, std, err := mime.ParseMediaType(field)
		if want, ok := std["filename"]; err == nil && ok && isPlain(field) && got != want {
			t.Fatalf("%q: the standard library reads %q, not %q", field, want, got)
		}
	})
}

// isPlain reports whether nothing about the field is a matter of taste.
func isPlain(field string) bool {
	for _, c := range field {
		if c < ' ' || c > '~' || c == '*' || c == '%' || c == '\\' || c == '?' {
			return false
		}
	}
	return true
}
