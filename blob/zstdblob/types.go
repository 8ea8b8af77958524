package zstdblob

import (
	"mime"
	"strings"
)

// Compressible is the default of Options.Compressible: text in all its forms,
// and the binary formats that are known not to be compressed. Office formats
// with "openxmlformats" or "opendocument" in their names are zip files.
func Compressible(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch mediaType {
	case "application/json", "application/xml", "application/javascript", "application/ecmascript",
		"application/yaml", "application/toml", "application/sql", "application/rtf", "application/mbox",
		"application/x-ndjson", "application/x-sh", "application/x-tar", "application/postscript",
		"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/vnd.ms-outlook",
		"image/bmp", "image/svg+xml", "audio/x-wav", "font/ttf", "font/otf":
		return true
	}
	return strings.HasPrefix(mediaType, "text/") || mediaType == "message/rfc822" ||
		strings.HasSuffix(mediaType, "+json") || strings.HasSuffix(mediaType, "+xml")
}
