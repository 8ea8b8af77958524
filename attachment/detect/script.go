package detect

import "strings"

// A script without a first line that names it is known by its words. Each word
// or phrase below is worth points; a language needs enough of them, and more
// than any other. What prose or data would also contain is worth little or
// nothing.

type language int

const (
	javascript language = iota
	vbscript
	powershell
	batch
	python
	perl
	shell
	languages // how many
)

var languageMIME = [languages]string{
	"text/javascript", "text/vbscript", "application/x-powershell", "text/x-msdos-batch",
	"text/x-python", "text/x-perl", "text/x-shellscript",
}

// enough is how many points make a script.
const enough = 6

// matchScript weighs s. Its answer is a judgement, not a proof: see
// Type.Guessed.
func matchScript(s *sample) string {
	if s.bare == "" || isJSONOrINI(s.bare) {
		return ""
	}
	var e evidence
	e.weighWords(s.bare)
	lines, prose := 0, 0
	for line := range strings.Lines(s.bare) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		lines++
		if in, worth := weighLine(line); worth > 0 {
			e.add(in, worth)
		} else if isProse(line) {
			prose++
		}
	}
	for _, other := range otherLanguages {
		if strings.Contains(s.lower, other) {
			e.points[javascript] -= enough
		}
	}
	best := javascript
	for in := range languages {
		if e.points[in] > e.points[best] {
			best = in
		}
	}
	switch {
	case e.points[best] < enough, prose*2 > lines:
		return ""
	case (best == batch || best == powershell || best == vbscript) && !e.proven[best]:
		return "" // their weak words are English
	}
	return languageMIME[best]
}

// isJSONOrINI goes by the first line: a bracket with a name, a brace with a key.
func isJSONOrINI(s string) bool {
	line, _, _ := strings.Cut(s, "\n")
	line = strings.TrimSpace(line)
	switch s[0] {
	case '{':
		return strings.Contains(s[:min(len(s), 64)], `"`)
	case '[':
		return !strings.Contains(line, "(") || strings.ContainsAny(s[1:min(len(s), 8)], `{["`)
	}
	return false
}

// strong is what one piece of evidence must be worth to prove a language.
const strong = 4

// otherLanguages share words with JavaScript and are not run by a double click.
// Read-only.
var otherLanguages = [...]string{"#include", "#define ", "\nfunc ", "package ", "typedef ", "int main(", "extern \"c\"", "public class ", "```", "fn main("}

// weighLine goes by how a line begins.
func weighLine(line string) (in language, worth int) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "var", "let", "const":
		if strings.Contains(rest, "=") || strings.HasSuffix(rest, ";") {
			return javascript, 3
		}
	case "function", "async":
		if strings.Contains(rest, "(") {
			return javascript, 3
		}
	case "})();", "});", "}());", "})(window);":
		return javascript, 2
	case "import":
		switch {
		case strings.Contains(rest, " from '"), strings.Contains(rest, " from \""):
			return javascript, 5
		case !strings.HasSuffix(rest, ";") && !strings.ContainsAny(rest, "'\"(") && len(strings.Fields(rest)) <= 4:
			return python, 3
		}
	case "import{":
		return javascript, 3
	case "export":
		if strings.HasPrefix(rest, "default ") || strings.HasPrefix(rest, "const ") || strings.HasPrefix(rest, "function ") {
			return javascript, 5
		}
		if strings.Contains(rest, "=") {
			return shell, 3
		}
	case "dim", "redim":
		return vbscript, 3
	case "end":
		if rest == "sub" || rest == "function" || rest == "if" {
			return vbscript, 4
		}
	case "on":
		if strings.HasPrefix(rest, "error resume next") {
			return vbscript, 5
		}
	case "fi", "done", "esac", "fi;", "done;":
		if rest == "" {
			return shell, 3
		}
	case "use":
		if rest == "strict;" || rest == "warnings;" {
			return perl, 6
		}
	case "my":
		if strings.HasPrefix(rest, "$") || strings.HasPrefix(rest, "(") || strings.HasPrefix(rest, "@") || strings.HasPrefix(rest, "%") {
			return perl, 3
		}
	case "set":
		switch left, right, found := strings.Cut(rest, "="); {
		case found && strings.HasSuffix(left, " ") && strings.ContainsAny(right, "(.") && !strings.Contains(left[:len(left)-1], " "):
			return vbscript, 3
		case found && (strings.Contains(right, "%") || strings.HasPrefix(left, "/a ") || strings.HasPrefix(left, "\"")):
			return batch, 3
		case found:
			return batch, 2
		}
	case "sub", "private", "public":
		if strings.Contains(rest, "(") && strings.HasSuffix(rest, ")") {
			return vbscript, 3
		}
	case "option":
		if rest == "explicit" {
			return vbscript, 6
		}
	case "@echo", "@echo.", "setlocal":
		return batch, 6
	case "goto", "rem", "pause", "endlocal", "taskkill", "reg", "schtasks", "xcopy", "certutil", "bitsadmin", "cmd", "attrib":
		return batch, 2
	case "start":
		if strings.Contains(rest, ".") || strings.Contains(rest, "/") {
			return batch, 2
		}
	case "param(", "param":
		return powershell, 3
	case "def", "class":
		if strings.HasSuffix(rest, ":") {
			return python, 3
		}
	case "from":
		if strings.Contains(rest, " import ") {
			return python, 4
		}
	case "print":
		return perl, 1
	case "package", "sub{":
		if strings.HasSuffix(rest, ";") && !strings.Contains(rest, " ") && strings.Contains(rest, "::") {
			return perl, 3
		}
	case "if", "while", "for":
		if strings.HasSuffix(rest, "; then") || strings.HasSuffix(rest, "; do") || strings.HasPrefix(rest, "[ ") || strings.HasPrefix(rest, "[[ ") {
			return shell, 3
		}
		if strings.HasPrefix(rest, "__name__ ==") {
			return python, 6
		}
		if strings.HasPrefix(rest, "exist ") || strings.HasPrefix(rest, "not exist ") || strings.HasPrefix(rest, "/f ") {
			return batch, 4
		}
		if strings.HasSuffix(rest, " then") {
			return vbscript, 3
		}
	}
	switch {
	case strings.HasSuffix(line, "| bash"), strings.HasSuffix(line, "|bash"), strings.HasSuffix(line, "| sh"), strings.HasSuffix(line, "|sh"):
		return shell, 4
	case strings.HasPrefix(line, "@rem "), strings.HasPrefix(line, "@set "), strings.HasPrefix(line, "@if "), strings.HasPrefix(line, "@call "):
		return batch, 4
	case isPowerShellAssignment(line):
		return powershell, 3
	case strings.HasPrefix(line, "module.exports"), strings.HasPrefix(line, "export {"), strings.HasPrefix(line, "export * from"):
		return javascript, 6
	case strings.HasPrefix(line, "(function("), strings.HasPrefix(line, "!function("), strings.HasPrefix(line, "(function ("), strings.HasPrefix(line, "(()=>"), strings.HasPrefix(line, "(() =>"):
		return javascript, 6
	case strings.HasPrefix(line, "eval("), strings.HasPrefix(line, "document."), strings.HasPrefix(line, "window."), strings.HasPrefix(line, "wscript.") && strings.HasSuffix(line, ";"):
		return javascript, 4
	case strings.HasPrefix(line, "wscript."):
		return vbscript, 3
	case len(line) > 1 && line[0] == ':' && isLabel(line[1:]):
		return batch, 2
	}
	return 0, 0
}

// isPowerShellAssignment finds "$name = …", which in Perl and PHP ends in a
// semicolon.
func isPowerShellAssignment(line string) bool {
	name, _, found := strings.Cut(line, "=")
	if !found || len(name) < 3 || name[0] != '$' || strings.HasSuffix(line, ";") {
		return false
	}
	return isLabel(strings.TrimSpace(name[1:]))
}

func isLabel(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return s != ""
}

// isProse finds a line of several words that ends like a sentence or reads like
// one: mostly letters and blanks.
func isProse(line string) bool {
	letters, words := 0, 1
	for _, c := range []byte(line) {
		switch {
		case 'a' <= c && c <= 'z', c >= 0x80, c == ',', c == '.', c == '\'':
			letters++
		case c == ' ':
			words++
		}
	}
	return words >= 4 && (letters+words)*100 >= len(line)*92
}
