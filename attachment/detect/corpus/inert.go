package corpus

import (
	"bytes"
	"compress/gzip"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/klauspost/compress/zstd"
)

func archives() []Sample {
	members := []zipMember{file("report.txt", "quarterly figures\n"), file("a/b.csv", "a,b\n1,2\n")}
	plainTar := tarFile(members...)
	var gz, zst bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, _ = g.Write(plainTar)
	_ = g.Close()
	if z, err := zstd.NewWriter(&zst); err == nil {
		_, _ = z.Write(plainTar)
		_ = z.Close()
	}
	all := []Sample{
		one(Archives, "docs.zip", zipFile(members...), acceptZip...),
		one(Archives, "empty.zip", zipFile(), acceptZip...),
		one(Archives, "docs.tar", plainTar, "application/x-tar"),
		one(Archives, "docs.tar.gz", gz.Bytes(), acceptGzip...),
		one(Archives, "docs.tar.zst", zst.Bytes(), "application/zstd", "application/x-zstd"),
		text(Archives, "docs.7z", "7z\xBC\xAF\x27\x1C\x00\x04"+strings.Repeat("\x00", 24), "application/x-7z-compressed"),
		text(Archives, "docs.rar", "Rar!\x1A\x07\x01\x00\x33\x92\xB5\xE5\x0A\x01\x05\x06\x00\x05\x01\x01\x80\x80\x00", "application/vnd.rar", "application/x-rar", "application/x-rar-compressed"),
		text(Archives, "docs.lzh", "\x24\x8B-lh5-\x10\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x20\x01\x05a.txt", "application/x-lzh-compressed", "application/x-lha", "application/x-lzh"),
		text(Archives, "winmail.dat", "x\x9F\x3E\x22\x01\x00\x01\x06\x90\x08\x00\x04\x00\x00\x00\x00\x00\x01\x00\x01\x00", "application/vnd.ms-tnef", "application/ms-tnef"),
	}
	if xz, err := exec.LookPath("xz"); err == nil {
		cmd := exec.Command(xz, "-c")
		cmd.Stdin = bytes.NewReader(plainTar)
		if out, err := cmd.Output(); err == nil {
			all = append(all, one(Archives, "docs.tar.xz", out, "application/x-xz"))
		}
	}
	goroot := runtime.GOROOT()
	for _, name := range []string{"test.zip", "unix.zip", "winxp.zip", "utf8-7zip.zip", "zip64.zip", "time-osx.zip"} {
		all = appendFile(all, Archives, filepath.Join(goroot, "src/archive/zip/testdata", name), acceptZip...)
	}
	for _, name := range []string{"gnu.tar", "pax.tar", "ustar.tar", "v7.tar", "star.tar", "gnu-utf8.tar"} {
		all = appendFile(all, Archives, filepath.Join(goroot, "src/archive/tar/testdata", name), "application/x-tar")
	}
	all = appendGlob(all, Archives, filepath.Join(goroot, "src/compress/bzip2/testdata/*.bz2"), "application/x-bzip2")
	for suffix, accept := range map[string][]string{
		"7z": {"application/x-7z-compressed"}, "arj": {"application/x-arj", "application/arj"}, "cab": {"application/vnd.ms-cab-compressed"},
		"zip": acceptZip, "bz2.zip": acceptZip, "d64.zip": acceptZip, "impl.zip": acceptZip, "tar.gz": acceptGzip, "exe.bz2": {"application/x-bzip2"},
		"newc.cpio": {"application/x-cpio"}, "odc.cpio": {"application/x-cpio"}, "bin-le.cpio": {"application/x-cpio"}, "bin-be.cpio": {"application/x-cpio"},
		"exe.szdd": {"application/x-ms-compress-szdd"}, "exe.binhex": {"application/mac-binhex40"}, "tnef": {"application/vnd.ms-tnef"},
	} {
		all = appendFile(all, Archives, "/usr/share/clamav-testfiles/clam."+suffix, accept...)
	}
	return all
}

func images() []Sample {
	picture := image.NewPaletted(image.Rect(0, 0, 32, 32), color.Palette{color.Black, color.White, color.RGBA{200, 30, 30, 255}})
	for i := range picture.Pix {
		picture.Pix[i] = uint8(i % 3)
	}
	var p, j, g bytes.Buffer
	_ = png.Encode(&p, picture)
	_ = jpeg.Encode(&j, picture, nil)
	_ = gif.Encode(&g, picture, nil)
	all := []Sample{
		one(Images, "a.png", p.Bytes(), "image/png"),
		one(Images, "a.jpg", j.Bytes(), acceptJPEG...),
		one(Images, "a.gif", g.Bytes(), "image/gif"),
		text(Images, "a.webp", "RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00\x30\x01\x00\x9D\x01\x2A\x01\x00\x01\x00", "image/webp"),
		text(Images, "a.tif", "II*\x00\x08\x00\x00\x00\x01\x00\x00\x01\x03\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00", "image/tiff"),
		text(Images, "a.bmp", "BM\x3A\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x18\x00\x00\x00\x00\x00\x04\x00\x00\x00"+strings.Repeat("\x00", 20), "image/bmp", "image/x-ms-bmp"),
		text(Images, "a.ico", "\x00\x00\x01\x00\x01\x00\x10\x10\x00\x00\x01\x00\x20\x00\x68\x04\x00\x00\x16\x00\x00\x00\x28\x00\x00\x00\x10\x00\x00\x00\x20\x00\x00\x00", "image/x-icon", "image/vnd.microsoft.icon"),
		text(Images, "a.heic", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic", "image/heif"),
		text(Images, "a.avif", "\x00\x00\x00\x20ftypavif\x00\x00\x00\x00avifmif1miaf", "image/avif"),
		text(Images, "a.psd", "8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x08\x00\x03", "image/vnd.adobe.photoshop"),
	}
	dir := filepath.Join(runtime.GOROOT(), "src/image/testdata")
	all = appendGlob(all, Images, filepath.Join(dir, "*.jpeg"), acceptJPEG...)
	all = appendGlob(all, Images, filepath.Join(dir, "*.png"), "image/png")
	return appendGlob(all, Images, filepath.Join(dir, "*.gif"), "image/gif")
}

func media() []Sample {
	mp3 := strings.Repeat("\xFF\xFB\x90\x64"+strings.Repeat("\x00", 413), 8)
	return []Sample{
		text(Media, "a.mp3", "ID3\x03\x00\x00\x00\x00\x00\x0ATIT2\x00\x00\x00\x00\x00\x00"+mp3, "audio/mpeg"),
		text(Media, "a.wav", "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x44\xAC\x00\x00\x88\x58\x01\x00\x02\x00\x10\x00data\x00\x00\x00\x00", "audio/wav", "audio/x-wav"),
		text(Media, "a.flac", "fLaC\x00\x00\x00\x22\x10\x00\x10\x00", "audio/flac", "audio/x-flac"),
		text(Media, "a.ogg", "OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x1E\x01vorbis\x00\x00\x00\x00\x02\x44\xAC", "audio/ogg", "application/ogg"),
		text(Media, "a.mid", "MThd\x00\x00\x00\x06\x00\x01\x00\x02\x00\x60MTrk", "audio/midi"),
		text(Media, "a.m4a", "\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00M4A mp42isom", "audio/x-m4a", "audio/mp4"),
		text(Media, "a.amr", "#!AMR\n\x3C\x91\x17\x16", "audio/amr", "audio/AMR"),
		text(Media, "a.mp4", "\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41", "video/mp4"),
		text(Media, "a.mov", "\x00\x00\x00\x14ftypqt  \x20\x05\x03\x00qt  ", "video/quicktime"),
		text(Media, "a.avi", "RIFF\x24\x00\x00\x00AVI LIST\x10\x00\x00\x00hdrlavih", "video/x-msvideo"),
		text(Media, "a.wmv", "\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C", "video/x-ms-asf", "video/x-ms-wmv"),
		text(Media, "a.flv", "FLV\x01\x05\x00\x00\x00\x09", "video/x-flv"),
		text(Media, "a.ttf", "\x00\x01\x00\x00\x00\x0E\x00\x80\x00\x03\x00\x60OS/2", "font/ttf", "font/sfnt"),
		text(Media, "a.otf", "OTTO\x00\x0A\x00\x80\x00\x03\x00\x20CFF ", "font/otf", "font/sfnt", "application/vnd.ms-opentype"),
		text(Media, "a.woff", "wOFF\x00\x01\x00\x00\x00\x00\x10\x00", "font/woff"),
		text(Media, "a.woff2", "wOF2\x00\x01\x00\x00\x00\x00\x10\x00", "font/woff2"),
	}
}

func texts() []Sample {
	goroot := runtime.GOROOT()
	all := []Sample{
		text(Texts, "note.txt", "Dear all,\n\nplease find attached the minutes of our last meeting.\n\nRegards\n", "text/plain"),
		text(Texts, "umlaut.txt", "Gr\xFC\xDFe aus M\xFCnchen\n", "text/plain"),
		text(Texts, "utf8.txt", "Grüße aus 北京\n", "text/plain"),
		text(Texts, "utf16.txt", "\xFF\xFED\x00e\x00a\x00r\x00 \x00a\x00l\x00l\x00", "text/plain"),
		text(Texts, "code.txt", "To print, call the function print() in your script, e.g. var x = 1.\nSet the value first, then start the program and wait for the answer.\n", "text/plain"),
		text(Texts, "minutes.txt", "From now on we meet at ten.\nImport duties were discussed. Set a date for the next call.\n", "text/plain"),
		text(Texts, "table.csv", "id,name,amount\n1,Müller,10.50\n2,Smith,11.00\n3,O'Brien,12.10\n", "text/csv", "text/plain"),
		text(Texts, "german.csv", "id;name;betrag\n1;Müller;10,50\n2;Smith;11,00\n", "text/csv", "text/plain"),
		text(Texts, "data.json", `{"function": "var x = 1;", "items": [1, 2, 3], "eval(": null}`, "application/json"),
		text(Texts, "invoice.xml", `<?xml version="1.0" encoding="UTF-8"?><Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"><ID>1</ID></Invoice>`, "text/xml", "application/xml"),
		text(Texts, "settings.ini", "[general]\nname=value\n", "text/plain", "application/x-wine-extension-ini"),
		text(Texts, "server.log", "2026-11-23 10:00:00 INFO started\n2026-11-23 10:00:01 WARN set x=1 failed\n", "text/plain"),
		text(Texts, "readme.md", "# Title\n\nSome *prose* with `code` in it.\n", "text/plain", "text/markdown"),
		text(Texts, "style.css", "body { color: red; }\n@media print { p { margin: 0 } }\n", "text/plain", "text/css"),
	}
	all = appendGlob(all, Texts, filepath.Join(goroot, "*.md"), "text/plain", "text/markdown")
	all = appendFile(all, Texts, filepath.Join(goroot, "LICENSE"), "text/plain")
	all = appendFile(all, Texts, filepath.Join(goroot, "PATENTS"), "text/plain")
	return appendGlob(all, Texts, filepath.Join(goroot, "src/testdata/*.txt"), "text/plain")
}
