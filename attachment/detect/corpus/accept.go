package corpus

// Right answers, with the other names that are in use for the same thing, so
// that no detector loses for its vocabulary.
var (
	acceptPE     = []string{"application/vnd.microsoft.portable-executable", "application/x-dosexec", "application/x-msdownload", "application/x-ms-dos-executable"}
	acceptELF    = []string{"application/x-executable", "application/x-pie-executable", "application/x-sharedlib", "application/x-object", "application/x-elf", "application/x-coredump"}
	acceptMachO  = []string{"application/x-mach-binary", "application/x-mach-o-executable", "application/x-mach-o", "application/x-mach-o-universal", "application/x-object"}
	acceptClass  = []string{"application/java-vm", "application/x-java-applet", "application/x-java-class"}
	acceptJS     = []string{"text/javascript", "application/javascript", "application/x-javascript"}
	acceptShell  = []string{"text/x-shellscript", "application/x-sh", "application/x-shellscript"}
	acceptPython = []string{"text/x-python", "text/x-script.python", "application/x-python"}
	acceptPerl   = []string{"text/x-perl", "application/x-perl"}
	acceptPHP    = []string{"text/x-php", "application/x-php", "application/x-httpd-php"}
	acceptVBS    = []string{"text/vbscript", "text/vbs", "application/x-vbs", "text/x-vbscript"}
	acceptPS     = []string{"application/x-powershell", "text/x-powershell"}
	acceptBatch  = []string{"text/x-msdos-batch", "application/x-bat", "application/x-msdos-batch"}
	acceptXHTML  = []string{"application/xhtml+xml", "text/html"}
	acceptZip    = []string{"application/zip", "application/x-zip-compressed"}
	acceptRTF    = []string{"text/rtf", "application/rtf"}
	acceptGzip   = []string{"application/gzip", "application/x-gzip"}
	acceptJPEG   = []string{"image/jpeg"}
	acceptPGP    = []string{"application/pgp-encrypted", "application/pgp", "text/PGP", "application/pgp-keys", "application/pgp-signature"}
)
