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
	var points [languages]int
	var proven [languages]bool // by something that only this language says
	for _, p := range phrases {
		if strings.Contains(s.bare, p.text) {
			points[p.in] += p.worth
			proven[p.in] = proven[p.in] || p.worth >= strong
		}
	}
	lines, prose := 0, 0
	for line := range strings.Lines(s.bare) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		lines++
		if in, worth := weighLine(line); worth > 0 {
			points[in] = min(points[in]+worth, 3*enough)
			proven[in] = proven[in] || worth >= strong
		} else if isProse(line) {
			prose++
		}
	}
	for _, other := range otherLanguages {
		if strings.Contains(s.lower, other) {
			points[javascript] -= enough
		}
	}
	best := javascript
	for in := range languages {
		if points[in] > points[best] {
			best = in
		}
	}
	switch {
	case points[best] < enough, prose*2 > lines:
		return ""
	case (best == batch || best == powershell || best == vbscript) && !proven[best]:
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

type phrase struct {
	text  string
	in    language
	worth int
}

// phrases are looked for once in the whole sample. Read-only.
var phrases = [...]phrase{
	{"new activexobject(", javascript, 6},
	{"wscript.createobject", javascript, 3},
	{"document.write", javascript, 4},
	{"document.getelementby", javascript, 4},
	{"document.createelement", javascript, 4},
	{"window.location", javascript, 3},
	{"addeventlistener(", javascript, 4},
	{"module.exports", javascript, 5},
	{"exports.", javascript, 2},
	{"require(", javascript, 3},
	{"console.log(", javascript, 4},
	{"=> {", javascript, 3},
	{"function(", javascript, 3},
	{"function (", javascript, 3},
	{"eval(", javascript, 3},
	{"unescape(", javascript, 3},
	{"fromcharcode(", javascript, 4},
	{"typeof ", javascript, 2},
	{"===", javascript, 2},
	{"__esmodule", javascript, 6},
	{"object.defineproperty(", javascript, 5},
	{".prototype.", javascript, 4},
	{"\nexport {", javascript, 5},
	{"createelementns(", javascript, 3},
	{"=>{", javascript, 3},
	{"\"use strict\"", javascript, 5},
	{"'use strict'", javascript, 5},
	{"json.parse(", javascript, 4},
	{"json.stringify(", javascript, 4},
	{"atob(", javascript, 3},

	{"= createobject(", vbscript, 6},
	{"=createobject(", vbscript, 6},
	{"wscript.shell", vbscript, 3},
	{"wscript.echo", vbscript, 4},
	{"scripting.filesystemobject", vbscript, 3},
	{"on error resume next", vbscript, 5},
	{"msgbox", vbscript, 4},
	{"chrw(", vbscript, 3},
	{"execute(", vbscript, 2},
	{"\nend sub", vbscript, 4},
	{"\nend function", vbscript, 4},
	{"\nend if", vbscript, 3},

	{"new-object ", powershell, 5},
	{"invoke-expression", powershell, 6},
	{"invoke-webrequest", powershell, 6},
	{"write-host", powershell, 5},
	{"write-output", powershell, 5},
	{"start-process", powershell, 5},
	{"set-executionpolicy", powershell, 6},
	{"get-childitem", powershell, 5},
	{"-erroraction", powershell, 4},
	{"[cmdletbinding(", powershell, 6},
	{"$env:", powershell, 4},
	{"[system.", powershell, 4},
	{"downloadstring(", powershell, 5},
	{"downloadfile(", powershell, 3},
	{"foreach-object", powershell, 5},
	{"| iex", powershell, 6},

	{"%~dp0", batch, 5},
	{"%errorlevel%", batch, 4},
	{"%systemroot%", batch, 3},
	{"%temp%", batch, 3},
	{"%appdata%", batch, 3},
	{">nul", batch, 4},
	{"> nul", batch, 4},
	{"powershell -", batch, 3},
	{"powershell.exe", batch, 3},

	{"if __name__ ==", python, 6},
	{"use strict;", perl, 6},
	{"use warnings;", perl, 5},
	{"my $", perl, 3},
	{"<<eof", shell, 3},
	{"\nfi\n", shell, 4},
	{"\ndone\n", shell, 4},
	{"\nesac", shell, 5},
	{"| bash", shell, 4},
	{"| sh\n", shell, 4},
}

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
	case "export":
		if strings.HasPrefix(rest, "default ") || strings.HasPrefix(rest, "const ") || strings.HasPrefix(rest, "function ") {
			return javascript, 5
		}
		if strings.Contains(rest, "=") {
			return shell, 3
		}
	case "dim", "redim":
		return vbscript, 3
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
		if strings.HasPrefix(rest, "exist ") || strings.HasPrefix(rest, "not exist ") || strings.HasPrefix(rest, "/f ") {
			return batch, 4
		}
		if strings.HasSuffix(rest, " then") {
			return vbscript, 3
		}
	}
	switch {
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
