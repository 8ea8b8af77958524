package workflow

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// template is a text cut into literals and expressions.
type template struct {
	pieces []piece
}

// piece is a literal, or an expression with its braces as they were written.
type piece struct {
	text string
	expr *expression // nil for a literal
}

// parseTemplate cuts text at {{ and the }} that belongs to it. It fails on an
// expression that has no end or that is not JMESPath.
func parseTemplate(text string) (template, error) {
	var t template
	for text != "" {
		literal, rest, found := strings.Cut(text, "{{")
		if literal != "" {
			t.pieces = append(t.pieces, piece{text: literal})
		}
		if !found {
			break
		}
		end := expressionEnd(rest)
		if end < 0 {
			return template{}, fmt.Errorf("%w: {{ without }}", ErrSyntax)
		}
		expr, err := parseExpression(strings.TrimSpace(rest[:end]))
		if err != nil {
			return template{}, err
		}
		t.pieces = append(t.pieces, piece{text: "{{" + rest[:end] + "}}", expr: expr})
		text = rest[end+len("}}"):]
	}
	return t, nil
}

// expressionEnd returns where the closing braces begin, or -1. Braces within
// quotes, and those of a JMESPath object such as {a: {b: c}}, do not close.
func expressionEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\'', '"', '`':
			length := quotedLength(s[i:])
			if length < 0 {
				return -1
			}
			i += length - 1
		case '{':
			depth++
		case '}':
			if depth > 0 {
				depth--
			} else if strings.HasPrefix(s[i:], "}}") {
				return i
			}
		}
	}
	return -1
}

// quotedLength returns the length of the quoted text that s begins with, or -1
// if it has no end.
func quotedLength(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return -1
}

// render resolves the template. The template that failed is named by failed.
func (t template) render(scope Scope) (value any, failed string, err error) {
	if len(t.pieces) == 1 && t.pieces[0].expr != nil {
		value, err = t.pieces[0].expr.resolve(scope)
		return value, t.pieces[0].text, err
	}
	var b strings.Builder
	for _, p := range t.pieces {
		if p.expr == nil {
			b.WriteString(p.text)
			continue
		}
		value, err := p.expr.resolve(scope)
		if err != nil {
			return nil, p.text, err
		}
		text, err := asText(value)
		if err != nil {
			return nil, p.text, err
		}
		b.WriteString(text)
	}
	return b.String(), "", nil
}

// asText writes a value into a text: strings as they are, numbers without
// exponent, lists and objects as JSON.
func asText(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case json.Number:
		return v.String(), nil
	case []any, map[string]any:
		text, err := json.Marshal(v)
		if err != nil {
			return "", fmt.Errorf("cannot be written as text: %w", err)
		}
		return string(text), nil
	default:
		return "", fmt.Errorf("a %T cannot be written as text", v)
	}
}
