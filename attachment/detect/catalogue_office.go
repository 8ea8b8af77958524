package detect

import "strings"

// describeOffice covers OOXML ([MS-OE376]) and OpenDocument (OASIS 1.3).
func describeOffice(mime string) (ext string, ok bool) {
	if rest, found := strings.CutPrefix(mime, "application/vnd.openxmlformats-officedocument."); found {
		switch rest {
		case "wordprocessingml.document":
			return "docx", true
		case "wordprocessingml.template":
			return "dotx", true
		case "spreadsheetml.sheet":
			return "xlsx", true
		case "spreadsheetml.template":
			return "xltx", true
		case "presentationml.presentation":
			return "pptx", true
		case "presentationml.template":
			return "potx", true
		case "presentationml.slideshow":
			return "ppsx", true
		}
		return "", true
	}
	if rest, found := strings.CutPrefix(mime, "application/vnd.oasis.opendocument."); found {
		switch rest {
		case "text":
			return "odt", true
		case "text-template":
			return "ott", true
		case "text-master":
			return "odm", true
		case "spreadsheet":
			return "ods", true
		case "spreadsheet-template":
			return "ots", true
		case "presentation":
			return "odp", true
		case "presentation-template":
			return "otp", true
		case "graphics":
			return "odg", true
		case "graphics-template":
			return "otg", true
		case "formula":
			return "odf", true
		case "chart":
			return "odc", true
		case "base", "database":
			return "odb", true
		}
		return "", true
	}
	switch mime {
	case "application/vnd.ms-word.document.macroenabled.12":
		return "docm", true
	case "application/vnd.ms-word.template.macroenabled.12":
		return "dotm", true
	case "application/vnd.ms-excel.sheet.macroenabled.12":
		return "xlsm", true
	case "application/vnd.ms-excel.template.macroenabled.12":
		return "xltm", true
	case "application/vnd.ms-excel.addin.macroenabled.12":
		return "xlam", true
	case "application/vnd.ms-excel.sheet.binary.macroenabled.12":
		return "xlsb", true
	case "application/vnd.ms-powerpoint.presentation.macroenabled.12":
		return "pptm", true
	case "application/vnd.ms-powerpoint.template.macroenabled.12":
		return "potm", true
	case "application/vnd.ms-powerpoint.slideshow.macroenabled.12":
		return "ppsm", true
	case "application/vnd.ms-powerpoint.addin.macroenabled.12":
		return "ppam", true
	case "application/vnd.ms-visio.drawing.main+xml", "application/vnd.ms-visio.drawing":
		return "vsdx", true
	case "application/vnd.ms-visio.drawing.macroenabled.12":
		return "vsdm", true
	}
	return "", false
}
