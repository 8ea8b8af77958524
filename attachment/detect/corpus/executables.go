package corpus

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// executables takes real programs where there are any.
func executables() []Sample {
	var all []Sample
	if self, err := os.Executable(); err == nil {
		all = appendFile(all, Executables, self, acceptELF...)
	}
	debug := filepath.Join(runtime.GOROOT(), "src", "debug")
	for _, pattern := range []string{"gcc-*-mingw-exec", "gcc-*-no-symbols-exec"} {
		all = appendGlob(all, Executables, filepath.Join(debug, "pe", "testdata", pattern), acceptPE...)
	}
	for _, pattern := range []string{"gcc-*-exec", "*.obj", "libtiffxx.so_", "go-relocation-test-gcc930-*"} {
		all = appendGlob(all, Executables, filepath.Join(debug, "elf", "testdata", pattern), acceptELF...)
	}
	all = appendGlob(all, Executables, filepath.Join(debug, "dwarf", "testdata", "*.elf*"), acceptELF...)
	all = appendGlob(all, Executables, filepath.Join(debug, "dwarf", "testdata", "*.macho*"), acceptMachO...)
	all = appendGlob(all, Executables, filepath.Join(debug, "macho", "testdata", "*.base64"), acceptMachO...)
	all = appendGlob(all, Executables, "/usr/share/clamav-testfiles/*.exe", acceptPE...)
	all = appendFile(all, Executables, "/usr/share/clamav-testfiles/clam.chm", "application/vnd.ms-htmlhelp", "application/x-chm")
	all = appendFile(all, Executables, "/usr/share/clamav-testfiles/clam.sis", "application/vnd.symbian.install")

	jar := zipFile(file("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nMain-Class: A\r\n"), file("A.class", string(javaClass())))
	apk := zipFile(file("AndroidManifest.xml", "\x03\x00\x08\x00"), file("classes.dex", dex), file("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n"))
	return append(all,
		one(Executables, "A.class", javaClass(), acceptClass...),
		one(Executables, "tool.jar", jar, "application/java-archive", "application/x-java-archive"),
		one(Executables, "app.apk", apk, "application/vnd.android.package-archive"),
		one(Executables, "classes.dex", []byte(dex), "application/vnd.android.dex"),
		one(Executables, "app.ipa", zipFile(file("Payload/A.app/Info.plist", "<plist/>"), file("Payload/A.app/A", "\xCF\xFA\xED\xFE")), "application/x-ios-app"),
		one(Executables, "app.msix", zipFile(file("AppxManifest.xml", "<Package/>"), file("[Content_Types].xml", "<Types/>")), "application/vnd.ms-appx"),
		one(Executables, "setup.msi", CompoundFile(msiClass, Stream("\u4840\u3F3F\u4577\u446C", "x"), Stream("\x05SummaryInformation", "x")), "application/x-msi", "application/x-ms-installer"),
		one(Executables, "patch.msp", CompoundFile(mspClass, Stream("\u4840\u3F3F", "x")), "application/x-ms-patch", "application/x-msi", "application/x-ms-installer"),
		one(Executables, "package.deb", []byte("!<arch>\ndebian-binary   1700000000  0     0     100644  4         `\n2.0\n"+"control.tar.xz  1700000000  0     0     100644  0         `\n"), "application/vnd.debian.binary-package"),
		one(Executables, "package.rpm", append([]byte("\xED\xAB\xEE\xDB\x03\x00\x00\x00\x00\x01tool-1.0-1"), make([]byte, 96)...), "application/x-rpm"),
		one(Executables, "module.pyc", append([]byte("\xA7\x0D\r\n\x00\x00\x00\x00"), make([]byte, 64)...), "application/x-bytecode.python", "text/x-bytecode.python"),
		one(Executables, "tiny.exe", append([]byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xFF\xFF"), make([]byte, 128)...), acceptPE...),
		one(Executables, "extension.crx", []byte("Cr24\x03\x00\x00\x00\x45\x02\x00\x00\x12\xac\x04"), "application/x-chrome-extension"),
		one(Executables, "installer.pkg", append([]byte("xar!\x00\x1C\x00\x01\x00\x00\x00\x00\x00\x00\x02\x00"), make([]byte, 64)...), "application/x-xar"),
		one(Executables, "bitcode.bc", []byte("BC\xC0\xDE\x35\x14\x00\x00\x05\x00\x00\x00"), "application/x-llvm"),
		one(Executables, "old.hlp", []byte("?_\x03\x00\x10\x00\x00\x00\xFF\xFF\xFF\xFF\x00\x10\x00\x00"), "application/winhlp", "application/x-winhelp"),
	)
}

const dex = "dex\n035\x00\x11\x22\x33\x44\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x70\x00\x00\x00\x70\x00\x00\x00\x78\x56\x34\x12"

// javaClass writes the beginning of a class for Java 8.
func javaClass() []byte {
	b := binary.BigEndian.AppendUint32(nil, 0xCAFEBABE)
	b = append(b, 0, 0, 0, 52, 0, 13)
	return append(b, "\x0A\x00\x03\x00\x0A\x07\x00\x0B\x07\x00\x0C\x01\x00\x06<init>\x01\x00\x03()V"...)
}

// appendGlob adds every file that matches pattern.
func appendGlob(all []Sample, group Group, pattern string, accept ...string) []Sample {
	names, _ := filepath.Glob(pattern)
	for _, name := range names {
		all = appendFile(all, group, name, accept...)
	}
	return all
}

// appendFile adds one file, decoded if its name ends in .base64.
func appendFile(all []Sample, group Group, name string, accept ...string) []Sample {
	const most = 8 << 20
	data, err := os.ReadFile(name)
	if err != nil || len(data) == 0 {
		return all
	}
	data = data[:min(len(data), most)]
	base := filepath.Base(name)
	if plain, ok := strings.CutSuffix(base, ".base64"); ok {
		if data, err = base64.StdEncoding.DecodeString(string(bytes.ReplaceAll(data, []byte("\n"), nil))); err != nil {
			return all
		}
		base = plain
	}
	return append(all, one(group, base, data, accept...))
}

// Tar packs files, given as name and content by turns.
func Tar(namesAndData ...string) []byte {
	var files []zipMember
	for i := 0; i+1 < len(namesAndData); i += 2 {
		files = append(files, file(namesAndData[i], namesAndData[i+1]))
	}
	return tarFile(files...)
}

// TarHeader is the beginning of a tar with one member of the given size.
func TarHeader(name string, size int64) []byte {
	var out bytes.Buffer
	_ = tar.NewWriter(&out).WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size})
	return out.Bytes()
}

// tarFile packs files into a tar.
func tarFile(files ...zipMember) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		_ = w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.data))})
		_, _ = w.Write([]byte(f.data))
	}
	_ = w.Close()
	return out.Bytes()
}
