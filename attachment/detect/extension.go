package detect

// ByExtension returns the type that a file name with this extension (lower
// case, no dot) claims; false if the extension says nothing.
func ByExtension(ext string) (Type, bool) {
	mime := claimed(ext)
	if mime == "" {
		return Type{}, false
	}
	return of(mime), true
}

// claimed lists extensions whose usual type has another extension, and those
// whose format is worth holding against the bytes.
func claimed(ext string) string {
	switch ext {
	// Programs.
	case "exe", "dll", "scr", "cpl", "sys", "ocx", "drv", "efi", "mui", "xll", "pyd", "ax", "acm", "tsp":
		return "application/vnd.microsoft.portable-executable"
	case "com", "pif":
		return "application/x-dosexec"
	case "bin", "elf", "run", "out", "prx", "axf":
		return "application/x-executable"
	case "so":
		return "application/x-sharedlib"
	case "o", "ko":
		return "application/x-object"
	case "a", "lib":
		return "application/x-archive"
	case "dylib", "macho", "app", "kext":
		return "application/x-mach-binary"
	case "class":
		return "application/java-vm"
	case "jar", "war", "ear":
		return "application/java-archive"
	case "apk", "aab":
		return "application/vnd.android.package-archive"
	case "dex":
		return "application/vnd.android.dex"
	case "ipa":
		return "application/x-ios-app"
	case "appx", "appxbundle", "msix", "msixbundle":
		return "application/vnd.ms-appx"
	case "xpi":
		return "application/x-xpinstall"
	case "crx":
		return "application/x-chrome-extension"
	case "oxt":
		return "application/vnd.openofficeorg.extension"
	case "msi", "msm":
		return "application/x-msi"
	case "msp":
		return "application/x-ms-patch"
	case "mst":
		return "application/x-ms-transform"
	case "deb", "udeb":
		return "application/vnd.debian.binary-package"
	case "rpm":
		return "application/x-rpm"
	case "pkg", "mpkg", "xar":
		return "application/x-xar"
	case "sis", "sisx":
		return "application/vnd.symbian.install"
	case "pyc", "pyo":
		return "application/x-bytecode.python"
	case "chm", "chi":
		return "application/vnd.ms-htmlhelp"
	case "hlp":
		return "application/winhlp"

	// Scripts.
	case "js", "mjs", "cjs", "jsx", "ts":
		return "text/javascript"
	case "jse":
		return "application/x-jse"
	case "vbe":
		return "application/x-vbe"
	case "vbs", "vb", "vbscript", "bas", "vba", "frm", "cls":
		return "text/vbscript"
	case "hta":
		return "application/hta"
	case "sct", "wsc":
		return "text/scriptlet"
	case "wsf", "ws", "wsh":
		return "application/x-wsf"
	case "ps1", "psm1", "psd1", "ps1xml", "ps2", "psc1", "psc2", "pssc", "cdxml":
		return "application/x-powershell"
	case "bat", "cmd", "btm":
		return "text/x-msdos-batch"
	case "sh", "bash", "ksh", "csh", "tcsh", "zsh", "fish", "command", "shar":
		return "text/x-shellscript"
	case "php", "php3", "php4", "php5", "php7", "phtml", "phps", "pht":
		return "text/x-php"
	case "py", "pyw", "pyx", "pyz", "pyzw", "py3", "pyi":
		return "text/x-python"
	case "pl", "pm", "perl":
		return "text/x-perl"
	case "rb", "rbw":
		return "text/x-ruby"
	case "lua":
		return "text/x-lua"
	case "tcl":
		return "text/x-tcl"
	case "awk":
		return "text/x-awk"
	case "asp", "aspx", "ashx", "asmx", "ascx":
		return "text/x-asp"
	case "jsp", "jspx":
		return "text/x-jsp"
	case "scpt", "scptd", "applescript", "osas":
		return "application/x-applescript"
	case "au3", "a3x":
		return "application/x-autoit"
	case "reg":
		return "text/x-ms-regedit"
	case "inf":
		return "application/x-setupscript"
	case "msc":
		return "application/x-ms-msc"
	case "proj", "csproj", "vbproj", "targets":
		return "text/x-msbuild"

	// Shortcuts.
	case "lnk":
		return "application/x-ms-shortcut"
	case "url", "website":
		return "application/x-mswinurl"
	case "settingcontent-ms":
		return "application/x-ms-settingcontent"
	case "library-ms":
		return "application/x-ms-library"
	case "searchconnector-ms", "search-ms":
		return "application/x-ms-search-connector"
	case "scf":
		return "application/x-ms-scf"
	case "desktop":
		return "application/x-desktop"
	case "webloc", "fileloc", "inetloc":
		return "application/x-webloc"
	case "mobileconfig", "configprofile":
		return "application/x-apple-aspen-config"
	case "jnlp":
		return "application/x-java-jnlp-file"
	case "application", "appref-ms", "manifest":
		return "application/x-ms-application"
	case "wsb":
		return "application/x-ms-sandbox"
	case "rdp":
		return "application/x-rdp"
	case "iqy":
		return "text/x-ms-iqy"
	case "theme", "themepack", "deskthemepack":
		return "application/x-ms-theme"

	// Disk images.
	case "iso":
		return "application/x-iso9660-image"
	case "udf":
		return "application/x-udf-image"
	case "vhd":
		return "application/x-virtualbox-vhd"
	case "vhdx", "avhdx":
		return "application/x-virtualbox-vhdx"
	case "vmdk":
		return "application/x-virtualbox-vmdk"
	case "vdi":
		return "application/x-virtualbox-vdi"
	case "qcow2":
		return "application/x-qemu-disk"
	case "dmg", "smi", "sparseimage":
		return "application/x-apple-diskimage"
	case "img", "ima", "flp":
		return "application/x-raw-disk-image"
	case "wim", "swm", "esd":
		return "application/x-ms-wim"

	// Web.
	case "html", "htm", "shtml", "shtm", "sht", "dhtml", "dhtm", "ehtml", "htt":
		return "text/html"
	case "xhtml", "xht", "xhtm":
		return "application/xhtml+xml"
	case "svg":
		return "image/svg+xml"
	case "xsl", "xslt":
		return "application/xslt+xml"
	case "mht", "mhtml":
		return "multipart/related"
	case "swf", "spl":
		return "application/x-shockwave-flash"
	case "wasm":
		return "application/wasm"

	// Archives.
	case "zip", "zipx":
		return "application/zip"
	case "tar":
		return "application/x-tar"
	case "gz", "tgz", "taz", "svgz", "cpgz":
		return "application/gzip"
	case "bz2", "tbz", "tbz2", "bz":
		return "application/x-bzip2"
	case "xz", "txz":
		return "application/x-xz"
	case "zst", "tzst":
		return "application/zstd"
	case "lz":
		return "application/x-lzip"
	case "lzma":
		return "application/x-lzma"
	case "z":
		return "application/x-compress"
	case "7z":
		return "application/x-7z-compressed"
	case "rar", "r00", "r01":
		return "application/vnd.rar"
	case "cab", "diagcab":
		return "application/vnd.ms-cab-compressed"
	case "arj":
		return "application/x-arj"
	case "lzh", "lha":
		return "application/x-lzh-compressed"
	case "ace":
		return "application/x-ace-compressed"
	case "cpio":
		return "application/x-cpio"
	case "hqx":
		return "application/mac-binhex40"
	case "uu", "uue":
		return "text/x-uuencode"
	case "tnef":
		return "application/vnd.ms-tnef"

	}
	return claimedDocument(ext)
}
