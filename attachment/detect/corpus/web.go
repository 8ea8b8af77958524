package corpus

import (
	"encoding/binary"
	"path/filepath"
	"runtime"
	"strings"
	"unicode/utf16"
)

const page = "<html><head><title>Hi</title></head><body><script>alert(1)</script></body></html>"

// web holds what runs in a browser, in the disguises that browsers see through.
func web() []Sample {
	html := func(name, data string) Sample { return text(ActiveWeb, name, data, "text/html") }
	svg := func(name, data string) Sample { return text(ActiveWeb, name, data, "image/svg+xml") }
	const svgBody = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>`
	goroot := runtime.GOROOT()
	all := []Sample{
		html("plain.html", page),
		html("doctype.html", "<!DOCTYPE html>\n"+page),
		html("doctype-lower.html", "\r\n\t <!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">\r\n"+page),
		html("upper.htm", strings.ToUpper(page)),
		html("comment.html", "<!-- saved from url=(0014)about:internet -->\n"+page),
		html("long-comment.html", "<!-- "+strings.Repeat("licence text\n", 900)+" -->\n"+page),
		html("blanks.html", strings.Repeat(" \n", 3000)+page),
		html("bom.html", "\xEF\xBB\xBF"+page),
		html("utf16le.html", utf16Text(page, binary.LittleEndian, true)),
		html("utf16be.html", utf16Text(page, binary.BigEndian, true)),
		html("utf16-no-bom.html", utf16Text(page, binary.LittleEndian, false)),
		html("script-only.html", "<script>location='https://example.com'</script>"),
		html("iframe.html", `<iframe src="https://example.com"></iframe>`),
		html("meta.html", `<meta http-equiv="refresh" content="0;url=https://example.com">`),
		html("body.html", `<body onload="alert(1)">`),
		html("image.html", `<img src=x onerror=alert(1)>`),
		html("form.html", `<form action="https://example.com"><input name=password></form>`),
		html("table.html", `<table><tr><td>1</td></tr></table>`),
		html("late.html", "Dear customer,\n\nplease see below.\n"+page),
		html("latin1.html", "<html><body>Gr\xFC\xDFe</body></html>"),
		svg("plain.svg", svgBody),
		svg("prolog.svg", `<?xml version="1.0" encoding="UTF-8" standalone="no"?>`+"\n<!-- Created with Inkscape -->\n"+svgBody),
		svg("doctype.svg", `<?xml version="1.0"?>`+"\n"+`<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">`+"\n"+svgBody),
		svg("entities.svg", `<?xml version="1.0"?><!DOCTYPE svg [ <!ENTITY ns "http://www.w3.org/2000/svg"> ]>`+svgBody),
		svg("prefixed.svg", `<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:script>alert(1)</s:script></s:svg>`),
		svg("utf16.svg", utf16Text(svgBody, binary.LittleEndian, true)),
		text(ActiveWeb, "page.xhtml", `<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd"><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>`, acceptXHTML...),
		text(ActiveWeb, "bare.xhtml", `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>`, acceptXHTML...),
		text(ActiveWeb, "style.xsl", `<?xml version="1.0"?><xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>`, "application/xslt+xml"),
		text(ActiveWeb, "page.mht", "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.com/\r\nSubject: Example\r\nDate: Mon, 1 Jun 2026 10:00:00 -0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype=\"text/html\";\r\n\tboundary=\"----x\"\r\n\r\n------x\r\nContent-Type: text/html\r\n\r\n<html></html>\r\n------x--\r\n", "multipart/related", "application/x-mimearchive", "message/rfc822"),
		text(ActiveWeb, "movie.swf", "CWS\x0A\x53\x01\x00\x00x\x9C", "application/x-shockwave-flash", "application/vnd.adobe.flash.movie"),
		text(ActiveWeb, "module.wasm", "\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00", "application/wasm"),
	}
	all = appendGlob(all, ActiveWeb, filepath.Join(goroot, "doc", "*.html"), "text/html")
	all = appendGlob(all, ActiveWeb, filepath.Join(goroot, "misc", "*", "*.html"), "text/html")
	all = appendGlob(all, ActiveWeb, filepath.Join(goroot, "misc", "chrome", "*", "*.html"), "text/html")
	return appendGlob(all, ActiveWeb, filepath.Join(goroot, "src/internal/trace/traceviewer/static/*.html"), "text/html")
}

func utf16Text(s string, order binary.AppendByteOrder, mark bool) string {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xFEFF)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}
