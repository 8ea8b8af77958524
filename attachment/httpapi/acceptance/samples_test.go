package acceptance

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"strings"
	"unicode/utf16"
)

// sample is a file that somebody might attach in the hope that a browser runs
// it.
type sample struct {
	name   string // as attached
	naive  string // the type under which a careless server would serve it
	runs   bool   // a browser runs it there: proof that the test would notice
	inert  bool   // it may be shown inline where the host allows that
	script bool   // it runs not as a page but as a script, worker or style
	data   []byte
}

// samples returns them all. Each asks for origin/executed/NAME if it runs.
func samples(origin string) []sample {
	call := func(name string) string {
		return fmt.Sprintf(`fetch("%s/executed/%s",{mode:"no-cors"})`, origin, name)
	}
	html := func(name string) string {
		return "<!doctype html><title>Rendered</title><h1>Rendered</h1><script>" + call(name) + "</script>"
	}
	svg := func(name string) string {
		return `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/><script>` + call(name) + `</script></svg>`
	}
	text := func(name, naive, data string) sample { return sample{name: name, naive: naive, data: []byte(data)} }
	running := func(s sample) sample { s.runs = true; return s }
	script := func(s sample) sample { s.runs, s.script = true, true; return s }
	inert := func(s sample) sample { s.inert = true; return s }

	return []sample{
		// Pages by their own name.
		running(text("page.html", "text/html", html("page.html"))),
		running(text("page.xhtml", "application/xhtml+xml", `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Rendered</title></head><body><script>`+call("page.xhtml")+`</script></body></html>`)),
		running(text("image.svg", "image/svg+xml", svg("image.svg"))),
		running(text("feed.xml", "text/xml", `<?xml version="1.0"?><feed><x:script xmlns:x="http://www.w3.org/1999/xhtml">`+call("feed.xml")+`</x:script></feed>`)),
		running(text("page.shtml", "text/html", html("page.shtml"))),
		text("page.mht", "multipart/related", "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n"+html("page.mht")+"\r\n--x--\r\n"),
		text("app.hta", "application/hta", html("app.hta")),
		text("sheet.xsl", "text/xsl", `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><script xmlns="http://www.w3.org/1999/xhtml">`+call("sheet.xsl")+`</script></xsl:template></xsl:stylesheet>`),

		// Pages in disguise, as a server that believes bytes or names serves them.
		running(text("photo.png", "text/html", html("photo.png"))),
		running(text("photo.jpg", "image/svg+xml", svg("photo.jpg"))),
		running(text("notes.txt", "text/html", html("notes.txt"))),
		running(text("invoice.pdf", "text/html", html("invoice.pdf"))),
		running(text("attachment", "text/html", html("attachment"))),
		running(text("data.json", "text/html", `{"a":"`+html("data.json")+`"}`)),
		running(text("table.csv", "text/html", "a,b\n=1+1,"+html("table.csv")+"\n")),
		running(text("invite.ics", "text/html", "BEGIN:VCALENDAR\r\nDESCRIPTION:"+html("invite.ics")+"\r\nEND:VCALENDAR\r\n")),
		running(text("card.vcf", "text/html", "BEGIN:VCARD\r\nFN:"+html("card.vcf")+"\r\nEND:VCARD\r\n")),
		running(text("forwarded.eml", "text/html", "From: a@example.com\r\nContent-Type: text/html\r\n\r\n"+html("forwarded.eml"))),
		running(text("commented.html", "text/html", "\ufeff \n<!-- "+strings.Repeat("a long comment ", 200)+" -->"+html("commented.html"))),
		running(sample{name: "wide.html", naive: "text/html", data: utf16LE(html("wide.html"))}),
		text("seven.html", "text/html; charset=utf-7", "+ADw-script+AD4-"+call("seven.html")+"+ADw-/script+AD4-"),
		running(inert(text("late.txt", "text/html", strings.Repeat("All quiet here.\n", 5000)+html("late.txt")))),
		running(sample{name: "logo.gif", naive: "text/html", inert: true, data: []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00" + html("logo.gif"))}),
		{name: "image.svgz", naive: "image/svg+xml", data: gzipped(svg("image.svgz"))},

		// What another page could load as code.
		script(text("code.js", "text/javascript", call("code.js"))),
		script(text("module.mjs", "text/javascript", call("module.mjs")+";export default 1")),
		script(inert(text("style.css", "text/css", fmt.Sprintf(`html{background:url("%s/executed/style.css")}`, origin)))),
		script(sample{name: "picture.gif", naive: "text/javascript", inert: true, data: []byte("GIF89a=1;" + call("picture.gif") + "//" + strings.Repeat(" ", 64))}),
		script(inert(text("words.txt", "text/javascript", call("words.txt")))),
		text("tiny.wasm", "application/wasm", "\x00asm\x01\x00\x00\x00"),
		text("movie.swf", "application/x-shockwave-flash", "FWS\x08\x2c\x00\x00\x00"+strings.Repeat("\x00", 64)),

		// Documents with a script in them, and what is as harmless as it looks.
		inert(text("form.pdf", "application/pdf", pdfWithScript(call("form.pdf")))),
		inert(sample{name: "dot.png", naive: "image/png", data: dot()}),
		inert(text("minutes.txt", "text/plain", "The minutes <b>of</b> the meeting.\n")),
	}
}

func utf16LE(text string) []byte {
	data := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(text)) {
		data = binary.LittleEndian.AppendUint16(data, unit)
	}
	return data
}

func gzipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

func dot() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1)))
	return b.Bytes()
}

// pdfWithScript is a document of one page that runs script when it is opened.
func pdfWithScript(script string) string {
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R/OpenAction 4 0 R>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
		"<</S/JavaScript/JS(" + script + ")>>",
	}
	var b strings.Builder
	b.WriteString("%PDF-1.4\n")
	var table strings.Builder
	for i, object := range objects {
		fmt.Fprintf(&table, "%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj%sendobj\n", i+1, object)
	}
	fmt.Fprintf(&b, "xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", table.String(), b.Len())
	return b.String()
}
