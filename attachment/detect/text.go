package detect

import "strings"

// matchText tells what kind of text s is, as far as that matters: what runs,
// what points elsewhere, and what mail is made of. It returns false for plain
// text and data, which the libraries know.
func matchText(s *sample) (Type, bool) {
	for _, match := range [...]func(*sample) string{matchMessage, matchShebang, matchHeader, matchMarkup} {
		if mime := match(s); mime != "" {
			t := of(mime)
			t.Macros = t.MIME == "text/xml" && hasXMLMacros(s)
			return t, true
		}
	}
	if mime := matchScript(s); mime != "" {
		t := of(mime)
		t.Guessed = true
		return t, true
	}
	if strings.Contains(s.text[:min(len(s.text), 1024)], "%PDF-") {
		return of("application/pdf"), true // Acrobat allows leading rubbish
	}
	return Type{}, false
}

// matchShebang reads "#!interpreter".
func matchShebang(s *sample) string {
	line, found := strings.CutPrefix(s.lower, "#!")
	if !found {
		return ""
	}
	line, _, _ = strings.Cut(line, "\n")
	for _, word := range strings.Fields(line) {
		word = word[strings.LastIndexByte(word, '/')+1:]
		word = strings.TrimRight(word, "0123456789.")
		switch word {
		case "env", "-s":
			continue
		case "python", "pypy", "python.exe":
			return "text/x-python"
		case "perl":
			return "text/x-perl"
		case "ruby":
			return "text/x-ruby"
		case "php", "php-cgi":
			return "text/x-php"
		case "node", "nodejs", "deno", "bun", "osascript":
			return "text/javascript"
		case "lua":
			return "text/x-lua"
		case "tclsh", "wish", "expect":
			return "text/x-tcl"
		case "awk", "gawk", "mawk":
			return "text/x-awk"
		case "pwsh", "powershell":
			return "application/x-powershell"
		}
		break
	}
	return "text/x-shellscript"
}

// matchHeader goes by a fixed first line.
func matchHeader(s *sample) string {
	for _, h := range [...]struct{ prefix, mime string }{
		{"windows registry editor version", "text/x-ms-regedit"},
		{"regedit4", "text/x-ms-regedit"},
		{"[internetshortcut]", "application/x-mswinurl"},
		{"[{000214a0-0000-0000-c000-000000000046}]", "application/x-mswinurl"},
		{"[desktop entry]", "application/x-desktop"},
		{"[shell]", "application/x-ms-scf"},
		{"[theme]", "application/x-ms-theme"},
		{"screen mode id:i:", "application/x-rdp"},
		{"full address:s:", "application/x-rdp"},
		{"redirectclipboard:i:", "application/x-rdp"},
		{"web\r\n1\r\nhttp", "text/x-ms-iqy"},
		{"web\n1\nhttp", "text/x-ms-iqy"},
		{"<?php", "text/x-php"},
		{"<?=", "text/x-php"},
		{"<%@ page", "text/x-jsp"},
		{"<%@page", "text/x-jsp"},
		{"<%", "text/x-asp"},
		{"(this file must be converted with binhex", "application/mac-binhex40"},
	} {
		if strings.HasPrefix(s.lower, h.prefix) || strings.HasPrefix(s.bare, h.prefix) {
			return h.mime
		}
	}
	switch {
	case strings.Contains(s.lower, "<?php"):
		return "text/x-php"
	case isUUEncoded(s.text):
		return "text/x-uuencode"
	case strings.HasPrefix(s.bare, "[version]") && strings.Contains(s.bare, "signature"):
		return "application/x-setupscript"
	case strings.Contains(s.lower, "\n[internetshortcut]"):
		return "application/x-mswinurl"
	case strings.Contains(s.lower, "\n[desktop entry]"):
		return "application/x-desktop"
	}
	return ""
}

// isUUEncoded reads "begin 644 name".
func isUUEncoded(text string) bool {
	rest, found := strings.CutPrefix(text, "begin ")
	if !found || len(rest) < 5 {
		return false
	}
	for _, c := range []byte(rest[:3]) {
		if c < '0' || c > '7' {
			return false
		}
	}
	return rest[3] == ' ' || rest[3] != ' ' && rest[4] == ' '
}
