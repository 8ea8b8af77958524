package detect

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/cfb"
)

// What matchMagic answers for containers that need a closer look.
const (
	zipMagic = "application/zip"
	oleMagic = "application/x-ole-storage"
	pdfMagic = "application/pdf"
)

// matchMagic goes by the first bytes. It holds what the libraries miss or get
// wrong, and what must be recognised whatever they say; "" leaves the rest to
// them.
func matchMagic(head []byte) string {
	if len(head) < 4 {
		return ""
	}
	switch head[0] {
	case 'M':
		if mime := matchMZ(head); mime != "" {
			return mime
		}
		if isCabinet(head) {
			return "application/vnd.ms-cab-compressed"
		}
	case 0x7F:
		if bytes.HasPrefix(head, []byte("\x7FELF")) {
			return matchELF(head)
		}
	case 0xCA, 0xCE, 0xCF, 0xFE:
		if mime := matchMachO(head); mime != "" {
			return mime
		}
	}
	for _, m := range magics {
		if m.at+len(m.bytes) <= len(head) && string(head[m.at:m.at+len(m.bytes)]) == m.bytes {
			return m.mime
		}
	}
	return matchShape(head)
}

type magic struct {
	at    int
	bytes string
	mime  string
}

// magics is read-only.
var magics = [...]magic{
	{0, "PK\x03\x04", zipMagic},
	{0, "PK\x05\x06", zipMagic}, // empty
	{0, "PK\x07\x08PK\x03\x04", zipMagic},
	{0, "PK00PK\x03\x04", zipMagic},
	{0, cfb.Magic, oleMagic},
	{0, "%PDF-", "application/pdf"},
	{0, "\xEF\xBB\xBF%PDF-", "application/pdf"},
	{0, "{\\rt", "text/rtf"}, // Word opens it without the f

	// [MS-SHLLINK] header size and class id.
	{0, "L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xC0\x00\x00\x00\x00\x00\x00\x46", "application/x-ms-shortcut"},
	{0, "ITSF", "application/vnd.ms-htmlhelp"},
	{0, "?_\x03\x00", "application/winhlp"},
	{0, "LN\x02\x00", "application/winhlp"},
	{0, "dex\n03", "application/vnd.android.dex"},
	{0, "Cr24", "application/x-chrome-extension"},
	{0, "!<arch>\ndebian-binary", "application/vnd.debian.binary-package"},
	{0, "!<arch>\n", "application/x-archive"},
	{0, "\xED\xAB\xEE\xDB", "application/x-rpm"},
	{0, "xar!", "application/x-xar"},
	{0, "BC\xC0\xDE", "application/x-llvm"},
	{0, "\x00asm", "application/wasm"},
	{0, "FasdUAS ", "application/x-applescript"},
	{0, "\xA3\x48\x4B\xBE\x98\x6C\x4A\xA9\x99\x4C\x53\x0A\x86\xD6\x48\x7D", "application/x-autoit"},
	{0, "#@~^", "application/x-jse"}, // Windows Script Encoder: JScript or VBScript

	{0, "vhdxfile", "application/x-virtualbox-vhdx"},
	{0, "conectix", "application/x-virtualbox-vhd"}, // a dynamic disk begins with a copy of its footer
	{0, "KDMV", "application/x-virtualbox-vmdk"},
	{0, "# Disk DescriptorFile", "application/x-virtualbox-vmdk"},
	{0x40, "\x7F\x10\xDA\xBE", "application/x-virtualbox-vdi"},
	{0, "QFI\xFB", "application/x-qemu-disk"},
	{0, "MSWIM\x00\x00\x00", "application/x-ms-wim"},
	{0, "sprs", "application/x-apple-diskimage"}, // sparse image
	{0, "hsqs", "application/vnd.squashfs"},
	{0x8001, "CD001", "application/x-iso9660-image"},
	{0x8801, "CD001", "application/x-iso9660-image"},
	{0x9001, "CD001", "application/x-iso9660-image"},
	{0x8009, "CDROM", "application/x-iso9660-image"}, // High Sierra
	{0x8001, "BEA01", "application/x-udf-image"},
	{0x8801, "BEA01", "application/x-udf-image"},
	{0x9001, "BEA01", "application/x-udf-image"},
	{0x8001, "NSR02", "application/x-udf-image"},

	{0, "\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D\xAE\xB1\x53\x78\xD0\x29\x96\xD3", "application/onenote"},
	{0, "\x3F\xDD\x9A\x10\x1B\x91\xF5\x49\xA5\xD0\x17\x91\xED\xC8\xAE\xD8", "application/onenote"}, // packaged by the service
	{0, "!BDN", "application/vnd.ms-outlook-pst"},
	{0, "x\x9F\x3E\x22", "application/vnd.ms-tnef"},
	{0, "CWS", "application/x-shockwave-flash"},
	{0, "FWS", "application/x-shockwave-flash"},
	{0, "ZWS", "application/x-shockwave-flash"},
	{0, "\xF7\x02", "application/x-dvi"},

	{0, "7z\xBC\xAF\x27\x1C", "application/x-7z-compressed"},
	{0, "Rar!\x1A\x07", "application/vnd.rar"},
	{0, "\x1F\x8B", "application/gzip"},
	{0, "BZh", "application/x-bzip2"},
	{0, "\xFD7zXZ\x00", "application/x-xz"},
	{0, "\x28\xB5\x2F\xFD", "application/zstd"},
	{0, "LZIP", "application/x-lzip"},
	{0, "\x1F\x9D", "application/x-compress"},
	{0, "\x1F\xA0", "application/x-compress"},
	{0, "ISc(", "application/x-installshield"},
	{0, "\x60\xEA", "application/x-arj"},
	{7, "**ACE**", "application/x-ace-compressed"},
	{2, "-lh", "application/x-lzh-compressed"},
	{2, "-lz", "application/x-lzh-compressed"},
	{0, "SZDD\x88\xF0\x27\x33", "application/x-ms-compress-szdd"},
	{0, "KWAJ\x88\xF0\x27\xD1", "application/x-ms-compress-szdd"},
	{0, "StuffIt ", "application/x-stuffit"},
	{0, "SIT!", "application/x-stuffit"},
	{0, "070701", "application/x-cpio"},
	{0, "070702", "application/x-cpio"},
	{0, "070707", "application/x-cpio"},
	{0, "\xC7\x71", "application/x-cpio"},
	{0, "\x71\xC7", "application/x-cpio"},
	{257, "ustar", "application/x-tar"},
	{8, "\x19\x04\x00\x10", "application/vnd.symbian.install"},
}

// matchMZ tells a Windows or DOS program from text that begins with MZ.
func matchMZ(head []byte) string {
	if head[1] != 'Z' {
		return ""
	}
	if len(head) < 0x40 {
		return "application/x-dosexec"
	}
	at := int64(binary.LittleEndian.Uint32(head[0x3C:]))
	switch {
	case at+4 <= int64(len(head)) && string(head[at:at+4]) == "PE\x00\x00":
		return "application/vnd.microsoft.portable-executable"
	case at+2 <= int64(len(head)) && (string(head[at:at+2]) == "NE" || string(head[at:at+2]) == "LE" || string(head[at:at+2]) == "LX"):
		return "application/x-dosexec"
	case isPrintable(head[:0x40]):
		return "" // prose: "MZ stands for Mark Zbikowski"
	}
	return "application/x-dosexec"
}

func isPrintable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}

// matchELF reads e_type; a position-independent program differs from a library
// in having an interpreter, which the first program headers name.
func matchELF(head []byte) string {
	if len(head) < 20 {
		return "application/x-elf"
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[5] == 2 {
		order = binary.BigEndian
	}
	switch order.Uint16(head[16:]) {
	case 1:
		return "application/x-object"
	case 2:
		return "application/x-executable"
	case 3:
		if bytes.Contains(head[:min(len(head), 4096)], []byte("/ld")) {
			return "application/x-pie-executable"
		}
		return "application/x-sharedlib"
	case 4:
		return "application/x-coredump"
	}
	return "application/x-elf"
}

// matchMachO tells CAFEBABE apart: after it a Java class has its version, at
// least 45, and a universal binary the number of architectures, a handful.
func matchMachO(head []byte) string {
	switch binary.BigEndian.Uint32(head) {
	case 0xFEEDFACE, 0xFEEDFACF, 0xCEFAEDFE, 0xCFFAEDFE, 0xCAFEBABF:
		return "application/x-mach-binary"
	case 0xCAFEBABE:
		if len(head) >= 8 && binary.BigEndian.Uint32(head[4:]) >= 45 {
			return "application/java-vm"
		}
		return "application/x-mach-binary"
	case 0xCAFED00D:
		return "application/java-vm" // Pack200
	}
	return ""
}

// matchShape recognises formats whose beginning varies.
func matchShape(head []byte) string {
	switch {
	case isDER(head):
		return matchDER(head)
	case isBootSector(head):
		return "application/x-raw-disk-image"
	case isUnixTar(head):
		return "application/x-tar"
	case isLZMA(head):
		return "application/x-lzma"
	case isPython(head):
		return "application/x-bytecode.python"
	case isBinaryPGP(head):
		return "application/pgp-encrypted"
	}
	return ""
}

// isDER looks for a SEQUENCE that is longer than 127 bytes, or of indefinite
// length, as every PKCS#7 and PKCS#12 structure is.
func isDER(head []byte) bool {
	return len(head) > 24 && head[0] == 0x30 && head[1] >= 0x80 && head[1] <= 0x84
}

// Object identifiers 1.2.840.113549.1.7.x, as DER.
const pkcs7Prefix = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07"

func matchDER(head []byte) string {
	body := string(head[:min(len(head), 512)])
	skip := 2
	if n := int(head[1] & 0x7F); n <= 4 {
		skip += n
	}
	rest := body[min(skip, len(body)):]
	switch {
	case strings.HasPrefix(rest, pkcs7Prefix+"\x02"):
		// Signed data. A detached signature names the type of the content,
		// in a SEQUENCE with nothing else, and leaves the content out.
		before, after, found := strings.Cut(rest[len(pkcs7Prefix)+1:], pkcs7Prefix+"\x01")
		if found && !strings.HasSuffix(before, "\x30\x0B") && strings.HasPrefix(after, "\xA0") {
			return "application/pkcs7-mime"
		}
		return "application/pkcs7-signature"
	case strings.HasPrefix(rest, pkcs7Prefix):
		return "application/pkcs7-mime"
	case strings.HasPrefix(rest, "\x02\x01\x03\x30"):
		return "application/x-pkcs12"
	case strings.HasPrefix(rest, "\x30\x82") && strings.Contains(body, "\xA0\x03\x02\x01\x02"):
		return "application/x-x509-ca-cert"
	}
	return ""
}

// isBootSector finds a raw disk: a jump, a sane sector size, the signature.
func isBootSector(head []byte) bool {
	if len(head) < 512 || head[510] != 0x55 || head[511] != 0xAA {
		return false
	}
	jump := head[0] == 0xEB && head[2] == 0x90 || head[0] == 0xE9
	sector := binary.LittleEndian.Uint16(head[11:])
	fat := jump && (sector == 512 || sector == 1024 || sector == 2048 || sector == 4096)
	return fat || len(head) > 1024 && isPartitionTable(head[446:510])
}

// isPartitionTable reads the four entries of a master boot record: each active
// or not, at least one in use, with a type, a beginning and a length. The
// signature alone is in one image of 65,536.
func isPartitionTable(table []byte) bool {
	used := false
	for entry := range slices.Chunk(table, 16) {
		if entry[0] != 0 && entry[0] != 0x80 {
			return false
		}
		start, length := binary.LittleEndian.Uint32(entry[8:]), binary.LittleEndian.Uint32(entry[12:])
		used = used || entry[4] != 0 && start != 0 && length != 0
	}
	return used
}

// isUnixTar verifies the header checksum of a tar from before ustar.
func isUnixTar(head []byte) bool {
	const at, length = 148, 8
	if len(head) < 512 || head[0] == 0 {
		return false
	}
	var stated, sum int
	for _, c := range head[at : at+length] {
		switch {
		case '0' <= c && c <= '7':
			stated = stated<<3 | int(c-'0')
		case c != ' ' && c != 0:
			return false
		}
	}
	for i, c := range head[:512] {
		if i >= at && i < at+length {
			c = ' '
		}
		sum += int(c)
	}
	return stated == sum
}

// isLZMA checks the thirteen bytes of an .lzma header: usual properties, a
// dictionary that is a power of two, a length that is unknown or below 1 TiB.
func isLZMA(head []byte) bool {
	if len(head) < 14 || head[0] != 0x5D || head[13] != 0 {
		return false
	}
	dictionary := binary.LittleEndian.Uint32(head[1:])
	length := binary.LittleEndian.Uint64(head[5:])
	return dictionary != 0 && dictionary&(dictionary-1) == 0 && (length == 1<<64-1 || length < 1<<40)
}

// isPython finds compiled Python: a version, CR LF, and a plausible flag word.
func isPython(head []byte) bool {
	return len(head) >= 16 && head[2] == '\r' && head[3] == '\n' && head[1] >= 0x0B && head[1] <= 0x0F &&
		binary.LittleEndian.Uint32(head[4:]) <= 3
}

// isBinaryPGP finds an unarmoured message: a packet that carries a session key
// (RFC 9580, tags 1 and 3), version 3 to 6.
func isBinaryPGP(head []byte) bool {
	if len(head) < 16 {
		return false
	}
	switch head[0] {
	case 0x84, 0x8C: // old format, tag 1, one-byte length
		return head[2] == 3
	case 0x85: // two-byte length
		return head[3] == 3
	case 0xC1, 0xC3:
		return head[1] < 0xE0 && (head[2] >= 3 && head[2] <= 6 || head[3] >= 3 && head[3] <= 6)
	}
	return false
}

// matchTail recognises formats that sign at the end: fixed VHD disks and Apple
// disk images.
func matchTail(c Content) (Type, bool, error) {
	tail, err := c.tail(TailBytes)
	if err != nil || len(tail) < TailBytes {
		return Type{}, false, err
	}
	switch {
	case bytes.HasPrefix(tail, []byte("koly\x00\x00\x00\x04")):
		return of("application/x-apple-diskimage"), true, nil
	case bytes.HasPrefix(tail, []byte("conectix")), bytes.HasPrefix(tail[1:], []byte("conectix")):
		return of("application/x-virtualbox-vhd"), true, nil
	}
	return Type{}, false, nil
}

// isCabinet goes by signature and version ([MS-CAB] 2.1); what lies between is
// sizes, and reserved fields that no reader checks.
func isCabinet(head []byte) bool {
	return len(head) > 26 && string(head[:4]) == "MSCF" && string(head[24:26]) == "\x03\x01"
}
