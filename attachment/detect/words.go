package detect

import "strings"

// evidence is what speaks for each language.
type evidence struct {
	points [languages]int
	proven [languages]bool // by something that only this language says
	seen   map[string]bool // words count once
}

func (e *evidence) add(in language, worth int) {
	e.points[in] = min(e.points[in]+worth, 3*enough)
	e.proven[in] = e.proven[in] || worth >= strong
}

// weighWords looks at every word of s once: a run of letters, digits and what
// names are made of, with the characters before and after it.
func (e *evidence) weighWords(s string) {
	for i := 0; i < len(s); {
		if !isWordByte(s[i]) {
			e.weighOperator(s[i:])
			i++
			continue
		}
		start := i
		for i < len(s) && isWordByte(s[i]) {
			i++
		}
		before, after := byte(' '), byte(' ')
		if start > 0 {
			before = s[start-1]
		}
		if i < len(s) {
			after = s[i]
		}
		e.weighWord(s[start:i], before, after)
	}
}

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-' || c == '$' || c == '%' || c == '~'
}

func (e *evidence) weighWord(word string, before, after byte) {
	in, worth := wordWorth(word, before, after)
	if worth == 0 {
		dot := strings.LastIndexByte(word, '.')
		if dot < 0 {
			return
		}
		word = word[dot+1:] // a method, whatever the object
		if in, worth = methodWorth(word, after); worth == 0 {
			return
		}
	}
	if e.seen[word] {
		return
	}
	if e.seen == nil {
		e.seen = make(map[string]bool)
	}
	e.seen[word] = true
	e.add(in, worth)
}

// weighOperator looks at arrows, strict comparison and redirection.
func (e *evidence) weighOperator(s string) {
	var word string
	var worth int
	in := javascript
	switch {
	case s[0] == '=' && (strings.HasPrefix(s, "=> {") || strings.HasPrefix(s, "=>{")):
		word, worth = "=>", 3
	case s[0] == '=' && strings.HasPrefix(s, "==="):
		word, worth = "===", 2
	case s[0] == '>' && (strings.HasPrefix(s, ">nul") || strings.HasPrefix(s, "> nul")):
		word, in, worth = ">nul", batch, 4
	default:
		return
	}
	if isRule := word == "===" && strings.HasPrefix(s, "===="); isRule || e.seen[word] {
		return // a line of equals signs under a heading
	}
	if e.seen == nil {
		e.seen = make(map[string]bool)
	}
	e.seen[word] = true
	e.add(in, worth)
}

func wordWorth(word string, before, after byte) (in language, worth int) {
	called := after == '('
	switch word {
	case "activexobject":
		return javascript, 6
	case "wscript.createobject", "window.location", "window.location.href":
		return javascript, 3
	case "document.write", "document.writeln", "document.getelementbyid", "document.createelement", "document.queryselector",
		"console.log", "console.error", "json.parse", "json.stringify", "string.fromcharcode":
		return javascript, 4
	case "module.exports", "object.defineproperty":
		return javascript, 5
	case "__esmodule":
		return javascript, 6
	case "require", "function", "eval", "unescape", "atob":
		if called || word == "function" && after == ' ' && before == '(' {
			return javascript, 3
		}
	case "typeof":
		return javascript, 2
	case "strict":
		if before == ' ' && (after == '"' || after == '\'') {
			return javascript, 5
		}

	case "createobject":
		if called {
			return vbscript, 6
		}
	case "wscript.echo", "msgbox":
		return vbscript, 4
	case "wscript.shell", "scripting.filesystemobject", "chrw":
		return vbscript, 3
	case "execute":
		if called {
			return vbscript, 2
		}

	case "invoke-expression", "invoke-webrequest", "set-executionpolicy", "iex":
		return powershell, 6
	case "new-object", "write-host", "write-output", "start-process", "get-childitem", "foreach-object", "where-object", "get-content",
		"set-content", "import-module", "invoke-command", "get-process", "get-item", "remove-item", "join-path", "test-path", "write-error":
		return powershell, 5
	case "-erroraction", "-executionpolicy":
		return powershell, 4
	case "$env":
		if after == ':' {
			return powershell, 4
		}
	case "cmdletbinding":
		if before == '[' {
			return powershell, 6
		}

	case "%errorlevel%":
		return batch, 4
	case "%systemroot%", "%temp%", "%appdata%", "%windir%", "%userprofile%":
		return batch, 3
	case "powershell.exe":
		return batch, 3
	}
	switch {
	case before == '[' && strings.HasPrefix(word, "system."):
		return powershell, 4
	case strings.HasPrefix(word, "%~dp0"):
		return batch, 5
	case strings.HasPrefix(word, "exports."):
		return javascript, 2
	}
	return 0, 0
}

func methodWorth(word string, after byte) (in language, worth int) {
	switch word {
	case "addeventlistener", "getelementbyid", "fromcharcode", "queryselector", "createelement":
		if after == '(' {
			return javascript, 4
		}
	case "prototype":
		return javascript, 4
	case "createelementns":
		return javascript, 3
	case "downloadstring":
		return powershell, 5
	case "downloadfile":
		return powershell, 3
	}
	return 0, 0
}
