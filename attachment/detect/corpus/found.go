package corpus

import (
	"os/exec"
	"path/filepath"
	"strings"
)

// found takes the test data of the two detection libraries out of the module
// cache: real files by real programs, some of them cut at 4 KiB.
func found() []Sample {
	fixtures, samples := libraryDirs()
	var all []Sample
	for _, f := range []struct {
		dir, name string
		group     Group
		accept    []string
	}{
		{fixtures, "fixtures/sample.docx", Documents, []string{ooxml + "wordprocessingml.document"}},
		{fixtures, "fixtures/sample.pptx", Documents, []string{ooxml + "presentationml.presentation"}},
		{fixtures, "fixtures/sample.xlsx", Documents, []string{ooxml + "spreadsheetml.sheet"}},
		{fixtures, "fixtures/sample.gif", Images, []string{"image/gif"}},
		{fixtures, "fixtures/sample.jpg", Images, []string{"image/jpeg"}},
		{fixtures, "fixtures/sample.png", Images, []string{"image/png"}},
		{fixtures, "fixtures/sample.tif", Images, []string{"image/tiff"}},
		{fixtures, "fixtures/sample.dwg", Images, []string{"image/vnd.dwg"}},
		{fixtures, "fixtures/sample.mkv", Media, []string{"video/matroska", "video/x-matroska"}},
		{fixtures, "fixtures/sample.mov", Media, []string{"video/quicktime"}},
		{fixtures, "fixtures/sample.mp4", Media, []string{"video/mp4"}},
		{fixtures, "fixtures/sample.webm", Media, []string{"video/webm"}},
		{fixtures, "fixtures/sample.tar", Archives, []string{"application/x-tar"}},
		{fixtures, "fixtures/sample.zip", Archives, acceptZip},
		{fixtures, "fixtures/sample.zst", Archives, []string{"application/zstd", "application/x-zstd"}},
		{fixtures, "fixtures/sample.wasm", ActiveWeb, []string{"application/wasm"}},
		{samples, "testdata/doc.doc", Documents, []string{"application/msword"}},
		{samples, "testdata/xls.xls", Documents, []string{"application/vnd.ms-excel"}},
		{samples, "testdata/ppt.ppt", Documents, []string{"application/vnd.ms-powerpoint"}},
		{samples, "testdata/pub.pub", Documents, []string{"application/vnd.ms-publisher"}},
		{samples, "testdata/docx.docx", Documents, []string{ooxml + "wordprocessingml.document"}},
		{samples, "testdata/xlsx.xlsx", Documents, []string{ooxml + "spreadsheetml.sheet"}},
		{samples, "testdata/pptx.pptx", Documents, []string{ooxml + "presentationml.presentation"}},
		{samples, "testdata/msg.msg", Mail, []string{"application/vnd.ms-outlook"}},
		{samples, "testdata/msi.msi", Executables, []string{"application/x-msi", "application/x-ms-installer"}},
		{samples, "testdata/jar.jar", Executables, []string{"application/java-archive"}},
		{samples, "testdata/gif.gif", Images, []string{"image/gif"}},
		{samples, "testdata/utf8.txt", Texts, []string{"text/plain"}},
	} {
		if f.dir != "" {
			all = appendFile(all, f.group, filepath.Join(f.dir, f.name), f.accept...)
		}
	}
	const clam = "/usr/share/clamav-testfiles/clam."
	all = appendFile(all, Documents, clam+"pdf", "application/pdf")
	all = appendFile(all, Documents, clam+"ole.doc", "application/msword")
	all = appendFile(all, Documents, clam+"ppt", "application/vnd.ms-powerpoint")
	return appendFile(all, Documents, clam+"exe.rtf", acceptRTF...)
}

// libraryDirs asks the go command where the libraries lie.
func libraryDirs() (filetype, mimetype string) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/h2non/filetype", "github.com/gabriel-vasile/mimetype").Output()
	dirs := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || len(dirs) != 2 {
		return "", ""
	}
	return dirs[0], dirs[1]
}
