package detect

import "strings"

// matchMarkup recognises HTML as browsers do (WHATWG MIME Sniffing, section
// 7.1) and XML by its root element.
func matchMarkup(s *sample) string {
	if strings.HasPrefix(s.lower, "<!doctype html") || strings.HasPrefix(s.bare, "<!doctype html") {
		if s.has("http://www.w3.org/1999/xhtml") && strings.HasPrefix(s.lower, "<?xml") {
			return "application/xhtml+xml"
		}
		return orHTA("text/html", s)
	}
	root := rootElement(s.bare)
	if root == "" {
		if strings.HasPrefix(s.lower, "<!--") {
			return "text/html" // nothing but a comment: a browser shows it as a page
		}
		return matchLateMarkup(s)
	}
	if _, local, prefixed := strings.Cut(root, ":"); prefixed && root != "hta:application" {
		root = local
	}
	if mime := rootMIME(root, s); mime != "" {
		return mime
	}
	if late := matchLateMarkup(s); late != "" && !strings.HasPrefix(s.lower, "<?xml") {
		return late
	}
	if strings.HasPrefix(s.lower, "<?xml") || strings.Contains(s.bare, "</"+root) || s.has("xmlns=") {
		return "text/xml"
	}
	return ""
}

func (s *sample) has(lower string) bool {
	return strings.Contains(s.lower, lower) || strings.Contains(s.bare, lower)
}

// rootElement returns the name of the first element, after declarations and
// comments; "" if s does not begin with one.
func rootElement(s string) string {
	for {
		s = strings.TrimLeft(s, " \t\r\n\f")
		switch {
		case strings.HasPrefix(s, "<!--"):
			_, s, _ = strings.Cut(s[4:], "-->")
		case strings.HasPrefix(s, "<!doctype"):
			if _, subset, found := strings.Cut(s[:strings.IndexByte(s+">", '>')], "["); found && !strings.Contains(subset, "]") {
				_, s, _ = strings.Cut(s, "]") // an internal subset holds '>' itself
			}
			_, s, _ = strings.Cut(s, ">")
		case strings.HasPrefix(s, "<?"):
			_, s, _ = strings.Cut(s[2:], "?>")
		case strings.HasPrefix(s, "<"):
			end := strings.IndexAny(s[1:], " \t\r\n\f/>")
			if end <= 0 {
				return ""
			}
			return s[1 : 1+end]
		default:
			return ""
		}
	}
}

func rootMIME(root string, s *sample) string {
	switch root {
	case "html":
		if s.has("http://www.w3.org/1999/xhtml") && strings.HasPrefix(s.lower, "<?xml") {
			return "application/xhtml+xml"
		}
		return orHTA("text/html", s)
	case "hta:application":
		return "application/hta"
	case "svg":
		return "image/svg+xml"
	case "stylesheet", "transform":
		if s.has("http://www.w3.org/1999/xsl/transform") {
			return "application/xslt+xml"
		}
	case "scriptlet":
		return "text/scriptlet"
	case "component", "registration", "implements":
		if s.has("<script") || s.has("<registration") || s.has("<public") {
			return "text/scriptlet"
		}
	case "job", "package":
		if s.has("<script") || s.has("<job") {
			if s.has("<component") || s.has("<registration") {
				return "text/scriptlet"
			}
			return "application/x-wsf"
		}
	case "mmc_consolefile":
		return "application/x-ms-msc"
	case "pcsettings":
		return "application/x-ms-settingcontent"
	case "librarydescription":
		return "application/x-ms-library"
	case "searchconnectordescription", "persistedquery":
		return "application/x-ms-search-connector"
	case "jnlp":
		return "application/x-java-jnlp-file"
	case "assembly":
		if s.has("urn:schemas-microsoft-com:asm") && s.has("<deployment") {
			return "application/x-ms-application"
		}
	case "configuration":
		if s.has("<logoncommand") || s.has("<mappedfolder") {
			return "application/x-ms-sandbox"
		}
	case "project":
		if s.has("schemas.microsoft.com/developer/msbuild") || s.has("<usingtask") {
			return "text/x-msbuild"
		}
	case "plist":
		switch {
		case s.has("<key>payloadcontent") || s.has("<key>payloadtype"):
			return "application/x-apple-aspen-config"
		case s.has("<key>url</key>"):
			return "application/x-webloc"
		}
	case "worddocument", "workbook":
		return "text/xml"
	case "script", "iframe", "head", "body", "title", "style", "table", "div", "font", "h1", "p", "a", "b", "br",
		"meta", "link", "img", "form", "frameset", "base", "center", "object", "embed", "input", "h2", "h3", "span", "ul", "basefont":
		if !strings.HasPrefix(s.lower, "<?xml") { // in XML these are names like any other
			return orHTA("text/html", s)
		}
	}
	return ""
}

// orHTA separates a page from an application: mshta.exe runs the latter with
// the rights of the user.
func orHTA(mime string, s *sample) string {
	if s.has("<hta:application") {
		return "application/hta"
	}
	return mime
}

// matchLateMarkup finds markup that does not stand at the beginning. HTA and
// browsers are content with that.
func matchLateMarkup(s *sample) string {
	switch {
	case s.has("<hta:application"):
		return "application/hta"
	case s.has("<svg") && s.has("http://www.w3.org/2000/svg") && strings.HasPrefix(s.lower, "<"):
		return "image/svg+xml"
	case s.has("<html") && (s.has("<body") || s.has("<head") || s.has("<script")):
		return "text/html"
	case s.has("<script") && s.has("</script"):
		return "text/html"
	}
	return ""
}

// hasXMLMacros finds the container that Word 2003 XML keeps macros in.
func hasXMLMacros(s *sample) bool {
	return s.has("w:macrospresent=\"yes\"") || s.has("editdata.mso") || s.has("vbaproject")
}
