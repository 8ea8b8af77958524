package detect

// claimedDocument goes on with documents, mail and text.
func claimedDocument(ext string) string {
	switch ext {
	case "pdf":
		return "application/pdf"
	case "ps", "eps", "ai":
		return "application/postscript"
	case "rtf":
		return "text/rtf"
	case "doc", "dot":
		return "application/msword"
	case "xls", "xlt", "xla", "xlm", "xlw":
		return "application/vnd.ms-excel"
	case "ppt", "pps", "pot", "ppa":
		return "application/vnd.ms-powerpoint"
	case "docx":
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	case "dotx":
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.template"
	case "xlsx":
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case "xltx":
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.template"
	case "pptx":
		return "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	case "potx":
		return "application/vnd.openxmlformats-officedocument.presentationml.template"
	case "ppsx":
		return "application/vnd.openxmlformats-officedocument.presentationml.slideshow"
	case "docm":
		return "application/vnd.ms-word.document.macroenabled.12"
	case "dotm":
		return "application/vnd.ms-word.template.macroenabled.12"
	case "xlsm":
		return "application/vnd.ms-excel.sheet.macroenabled.12"
	case "xltm":
		return "application/vnd.ms-excel.template.macroenabled.12"
	case "xlam":
		return "application/vnd.ms-excel.addin.macroenabled.12"
	case "xlsb":
		return "application/vnd.ms-excel.sheet.binary.macroenabled.12"
	case "pptm":
		return "application/vnd.ms-powerpoint.presentation.macroenabled.12"
	case "potm":
		return "application/vnd.ms-powerpoint.template.macroenabled.12"
	case "ppsm":
		return "application/vnd.ms-powerpoint.slideshow.macroenabled.12"
	case "ppam":
		return "application/vnd.ms-powerpoint.addin.macroenabled.12"
	case "vsd", "vss", "vst":
		return "application/vnd.visio"
	case "vsdx":
		return "application/vnd.ms-visio.drawing.main+xml"
	case "vsdm":
		return "application/vnd.ms-visio.drawing.macroenabled.12"
	case "mpp":
		return "application/vnd.ms-project"
	case "pub":
		return "application/vnd.ms-publisher"
	case "one", "onepkg":
		return "application/onenote"
	case "odt":
		return "application/vnd.oasis.opendocument.text"
	case "ott":
		return "application/vnd.oasis.opendocument.text-template"
	case "ods":
		return "application/vnd.oasis.opendocument.spreadsheet"
	case "ots":
		return "application/vnd.oasis.opendocument.spreadsheet-template"
	case "odp":
		return "application/vnd.oasis.opendocument.presentation"
	case "otp":
		return "application/vnd.oasis.opendocument.presentation-template"
	case "odg":
		return "application/vnd.oasis.opendocument.graphics"
	case "odf":
		return "application/vnd.oasis.opendocument.formula"
	case "odb":
		return "application/vnd.oasis.opendocument.base"
	case "epub":
		return "application/epub+zip"
	case "xps", "oxps":
		return "application/vnd.ms-xpsdocument"
	case "pages":
		return "application/vnd.apple.pages"
	case "numbers":
		return "application/vnd.apple.numbers"
	case "key":
		return "application/vnd.apple.keynote"

	// Messages.
	case "eml":
		return "message/rfc822"
	case "mbox":
		return "application/mbox"
	case "msg", "oft":
		return "application/vnd.ms-outlook"
	case "ics", "ical", "ifb", "vcs":
		return "text/calendar"
	case "vcf", "vcard":
		return "text/vcard"
	case "p7s":
		return "application/pkcs7-signature"
	case "p7m", "p7c", "p7z":
		return "application/pkcs7-mime"
	case "asc", "sig", "pgp", "gpg":
		return "application/pgp-signature"
	case "cer", "crt", "der":
		return "application/x-x509-ca-cert"
	case "p12", "pfx":
		return "application/x-pkcs12"
	case "pem":
		return "application/x-pem-file"

	// Text and data.
	case "txt", "text", "log", "ini", "cfg", "conf", "properties":
		return "text/plain"
	case "csv":
		return "text/csv"
	case "md", "markdown":
		return "text/markdown"
	case "css":
		return "text/css"
	case "json":
		return "application/json"
	case "xml":
		return "text/xml"
	case "yaml", "yml":
		return "application/yaml"
	case "sqlite", "sqlite3", "db":
		return "application/vnd.sqlite3"
	case "mdb", "accdb":
		return "application/x-msaccess"
	case "pst", "ost":
		return "application/vnd.ms-outlook-pst"
	}
	return claimedMedia(ext)
}

// claimedMedia goes on with pictures, sound, film and fonts.
func claimedMedia(ext string) string {
	switch ext {
	case "jpg", "jpeg", "jpe", "jfif", "pjp", "pjpeg":
		return "image/jpeg"
	case "png":
		return "image/png"
	case "gif":
		return "image/gif"
	case "webp":
		return "image/webp"
	case "tif", "tiff":
		return "image/tiff"
	case "bmp", "dib":
		return "image/bmp"
	case "ico":
		return "image/x-icon"
	case "heic":
		return "image/heic"
	case "heif":
		return "image/heif"
	case "avif":
		return "image/avif"
	case "jxl":
		return "image/jxl"
	case "jp2":
		return "image/jp2"
	case "psd":
		return "image/vnd.adobe.photoshop"
	case "djvu":
		return "image/vnd.djvu"
	case "dwg":
		return "image/vnd.dwg"
	case "mp3":
		return "audio/mpeg"
	case "wav":
		return "audio/wav"
	case "ogg", "oga", "opus":
		return "audio/ogg"
	case "flac":
		return "audio/flac"
	case "m4a":
		return "audio/x-m4a"
	case "aac":
		return "audio/aac"
	case "mid", "midi":
		return "audio/midi"
	case "amr":
		return "audio/amr"
	case "mp4", "m4v":
		return "video/mp4"
	case "mov", "qt":
		return "video/quicktime"
	case "avi":
		return "video/x-msvideo"
	case "mkv":
		return "video/matroska"
	case "webm":
		return "video/webm"
	case "wmv", "asf", "wma":
		return "video/x-ms-asf"
	case "mpg", "mpeg":
		return "video/mpeg"
	case "3gp":
		return "video/3gpp"
	case "flv":
		return "video/x-flv"
	case "ttf":
		return "font/ttf"
	case "otf":
		return "font/otf"
	case "woff":
		return "font/woff"
	case "woff2":
		return "font/woff2"
	}
	return ""
}
