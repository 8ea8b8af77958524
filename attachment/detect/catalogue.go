package detect

import "strings"

// describe says which extension and family a MIME type has. Types that say it
// themselves ("image/…") are listed only for their extension.
func describe(mime string) (ext string, family Family) {
	switch mime {
	// Programs, libraries, packages, installers.
	case "application/vnd.microsoft.portable-executable", "application/x-dosexec", "application/x-msdownload":
		return "exe", Executable
	case "application/x-executable", "application/x-pie-executable", "application/x-elf", "application/x-coredump",
		"application/x-msdos-program", "application/x-mach-binary":
		return "", Executable
	case "application/x-sharedlib":
		return "so", Executable
	case "application/x-object":
		return "o", Executable
	case "application/x-archive":
		return "a", Executable
	case "application/java-vm", "application/x-java-applet":
		return "class", Executable
	case "application/java-archive":
		return "jar", Executable
	case "application/vnd.android.package-archive":
		return "apk", Executable
	case "application/vnd.android.dex":
		return "dex", Executable
	case "application/x-ios-app":
		return "ipa", Executable
	case "application/vnd.ms-appx":
		return "appx", Executable
	case "application/x-xpinstall":
		return "xpi", Executable
	case "application/x-chrome-extension":
		return "crx", Executable
	case "application/vnd.openofficeorg.extension":
		return "oxt", Executable
	case "application/x-msi":
		return "msi", Executable
	case "application/x-ms-patch":
		return "msp", Executable
	case "application/x-ms-transform":
		return "mst", Executable
	case "application/vnd.debian.binary-package":
		return "deb", Executable
	case "application/x-rpm":
		return "rpm", Executable
	case "application/x-xar":
		return "pkg", Executable
	case "application/vnd.symbian.install":
		return "sis", Executable
	case "application/x-bytecode.python":
		return "pyc", Executable
	case "application/x-llvm":
		return "bc", Executable
	case "application/vnd.ms-htmlhelp":
		return "chm", Executable
	case "application/winhlp":
		return "hlp", Executable

	// Scripts.
	case "text/javascript", "application/javascript", "application/x-javascript":
		return "js", Script
	case "application/x-jse":
		return "jse", Script
	case "application/x-vbe":
		return "vbe", Script
	case "text/vbscript":
		return "vbs", Script
	case "application/hta":
		return "hta", Script
	case "text/scriptlet":
		return "sct", Script
	case "application/x-wsf":
		return "wsf", Script
	case "application/x-powershell":
		return "ps1", Script
	case "text/x-msdos-batch":
		return "bat", Script
	case "text/x-shellscript", "application/x-sh", "application/x-shellscript":
		return "sh", Script
	case "text/x-php", "application/x-php":
		return "php", Script
	case "text/x-python", "application/x-python":
		return "py", Script
	case "text/x-perl", "application/x-perl":
		return "pl", Script
	case "text/x-ruby":
		return "rb", Script
	case "text/x-lua":
		return "lua", Script
	case "text/x-tcl":
		return "tcl", Script
	case "text/x-awk":
		return "awk", Script
	case "text/x-asp":
		return "asp", Script
	case "text/x-jsp":
		return "jsp", Script
	case "application/x-applescript":
		return "scpt", Script
	case "application/x-autoit":
		return "au3", Script
	case "text/x-ms-regedit":
		return "reg", Script
	case "application/x-setupscript":
		return "inf", Script
	case "application/x-ms-msc":
		return "msc", Script
	case "text/x-msbuild":
		return "proj", Script

	// Shortcuts.
	case "application/x-ms-shortcut":
		return "lnk", Shortcut
	case "application/x-mswinurl":
		return "url", Shortcut
	case "application/x-ms-settingcontent":
		return "settingcontent-ms", Shortcut
	case "application/x-ms-library":
		return "library-ms", Shortcut
	case "application/x-ms-search-connector":
		return "searchconnector-ms", Shortcut
	case "application/x-ms-scf":
		return "scf", Shortcut
	case "application/x-desktop":
		return "desktop", Shortcut
	case "application/x-webloc":
		return "webloc", Shortcut
	case "application/x-apple-aspen-config":
		return "mobileconfig", Shortcut
	case "application/x-java-jnlp-file":
		return "jnlp", Shortcut
	case "application/x-ms-application":
		return "application", Shortcut
	case "application/x-ms-sandbox":
		return "wsb", Shortcut
	case "application/x-rdp":
		return "rdp", Shortcut
	case "text/x-ms-iqy":
		return "iqy", Shortcut
	case "application/x-ms-theme":
		return "theme", Shortcut

	// Disk images.
	case "application/x-iso9660-image":
		return "iso", DiskImage
	case "application/x-udf-image":
		return "udf", DiskImage
	case "application/x-virtualbox-vhd":
		return "vhd", DiskImage
	case "application/x-virtualbox-vhdx":
		return "vhdx", DiskImage
	case "application/x-virtualbox-vmdk":
		return "vmdk", DiskImage
	case "application/x-virtualbox-vdi":
		return "vdi", DiskImage
	case "application/x-qemu-disk":
		return "qcow2", DiskImage
	case "application/x-apple-diskimage":
		return "dmg", DiskImage
	case "application/x-raw-disk-image":
		return "img", DiskImage
	case "application/x-ms-wim":
		return "wim", DiskImage
	case "application/vnd.squashfs":
		return "squashfs", DiskImage

	// What runs in a browser.
	case "text/html":
		return "html", Web
	case "application/xhtml+xml":
		return "xhtml", Web
	case "image/svg+xml":
		return "svg", Web
	case "application/xslt+xml":
		return "xsl", Web
	case "multipart/related", "application/x-mimearchive":
		return "mht", Web
	case "application/x-shockwave-flash":
		return "swf", Web
	case "application/wasm":
		return "wasm", Web

	// Archives.
	case "application/zip":
		return "zip", Archive
	case "application/x-tar":
		return "tar", Archive
	case "application/gzip":
		return "gz", Archive
	case "application/x-bzip2":
		return "bz2", Archive
	case "application/x-xz":
		return "xz", Archive
	case "application/zstd":
		return "zst", Archive
	case "application/x-lzip":
		return "lz", Archive
	case "application/x-lzma":
		return "lzma", Archive
	case "application/x-compress":
		return "z", Archive
	case "application/x-7z-compressed":
		return "7z", Archive
	case "application/vnd.rar":
		return "rar", Archive
	case "application/vnd.ms-cab-compressed":
		return "cab", Archive
	case "application/x-installshield":
		return "cab", Archive
	case "application/x-arj":
		return "arj", Archive
	case "application/x-lzh-compressed":
		return "lzh", Archive
	case "application/x-ace-compressed":
		return "ace", Archive
	case "application/x-cpio":
		return "cpio", Archive
	case "application/x-ms-compress-szdd":
		return "ex_", Archive
	case "application/mac-binhex40":
		return "hqx", Archive
	case "text/x-uuencode":
		return "uue", Archive
	case "application/x-stuffit":
		return "sit", Archive
	case "application/vnd.ms-tnef":
		return "dat", Archive

	// Documents.
	case "application/pdf":
		return "pdf", Document
	case "application/postscript":
		return "ps", Document
	case "text/rtf", "application/rtf":
		return "rtf", Document
	case "application/x-ole-storage", "application/vnd.ms-office", "application/encrypted":
		return "", Document
	case "application/msword":
		return "doc", Document
	case "application/vnd.ms-excel":
		return "xls", Document
	case "application/vnd.ms-powerpoint":
		return "ppt", Document
	case "application/vnd.visio":
		return "vsd", Document
	case "application/vnd.ms-project":
		return "mpp", Document
	case "application/vnd.ms-publisher":
		return "pub", Document
	case "application/onenote":
		return "one", Document
	case "application/vnd.wordperfect":
		return "wpd", Document
	case "application/vnd.sun.xml.calc":
		return "sxc", Document
	case "application/vnd.sun.xml.writer":
		return "sxw", Document
	case "application/vnd.sun.xml.impress":
		return "sxi", Document
	case "application/epub+zip":
		return "epub", Document
	case "application/x-mobipocket-ebook":
		return "mobi", Document
	case "image/vnd.djvu":
		return "djvu", Document
	case "application/vnd.ms-xpsdocument":
		return "xps", Document
	case "application/vnd.google-earth.kmz":
		return "kmz", Document
	case "application/vnd.apple.iwork":
		return "", Document
	case "application/vnd.apple.pages":
		return "pages", Document
	case "application/vnd.apple.numbers":
		return "numbers", Document
	case "application/vnd.apple.keynote":
		return "key", Document
	case "application/vnd.apple.pkpass":
		return "pkpass", Document
	case "model/3mf":
		return "3mf", Document
	case "application/x-latex":
		return "tex", Document
	case "application/x-dvi":
		return "dvi", Document
	case "application/vnd.fdf":
		return "fdf", Document

	// Messages and what belongs to them.
	case "message/rfc822":
		return "eml", Message
	case "application/mbox":
		return "mbox", Message
	case "application/vnd.ms-outlook":
		return "msg", Message
	case "text/calendar":
		return "ics", Message
	case "text/vcard":
		return "vcf", Message
	case "application/pkcs7-signature":
		return "p7s", Message
	case "application/pkcs7-mime":
		return "p7m", Message
	case "application/pgp-signature":
		return "asc", Message
	case "application/pgp-encrypted":
		return "asc", Message
	case "application/pgp-keys":
		return "asc", Message
	case "application/x-x509-ca-cert":
		return "crt", Message
	case "application/x-pkcs12":
		return "p12", Message
	case "application/x-pem-file":
		return "pem", Message

	// Data.
	case "application/vnd.sqlite3":
		return "sqlite", Data
	case "application/x-msaccess":
		return "mdb", Data
	case "application/vnd.ms-outlook-pst":
		return "pst", Data
	case "application/json":
		return "json", Text
	case "application/xml":
		return "xml", Text
	case "text/plain":
		return "txt", Text
	case "text/csv":
		return "csv", Text
	case "text/xml":
		return "xml", Text
	case "text/markdown":
		return "md", Text
	case "text/css":
		return "css", Text
	case "image/jpeg":
		return "jpg", Image
	case "image/png":
		return "png", Image
	case "image/gif":
		return "gif", Image
	case "image/webp":
		return "webp", Image
	case "image/tiff":
		return "tif", Image
	case "image/bmp":
		return "bmp", Image
	case "audio/mpeg":
		return "mp3", Audio
	case "audio/wav":
		return "wav", Audio
	case "video/mp4":
		return "mp4", Video
	case "video/quicktime":
		return "mov", Video
	case Unknown, "":
		return "", ""
	}
	if ext, ok := describeOffice(mime); ok {
		return ext, Document
	}
	return "", familyByTree(mime)
}

// familyByTree goes by what the MIME type says of itself.
func familyByTree(mime string) Family {
	top, _, _ := strings.Cut(mime, "/")
	switch top {
	case "image":
		return Image
	case "audio":
		return Audio
	case "video":
		return Video
	case "font":
		return Font
	case "text":
		return Text
	case "message":
		return Message
	case "model", "application":
		if strings.HasSuffix(mime, "+xml") || strings.HasSuffix(mime, "+json") {
			return Text
		}
		return Data
	}
	return ""
}
