package workflow_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/workflow"
)

func render(value any, scope workflow.Scope) (any, error) {
	out, err := workflow.Render(workflow.Node{ID: "n", Parameters: map[string]any{"p": value}}, scope)
	return out["p"], err
}

func TestTemplatesKeepTypes(t *testing.T) {
	data := strings.NewReader("bytes")
	number := 3
	scope := workflow.Scope{
		JSON: map[string]any{
			"text": "t", "int": int64(7), "float": 2.5, "yes": true, "no": false, "zero": 0.0, "empty": "",
			"list": []any{1.0, "b"}, "object": map[string]any{"a": 1.0, "b": nil}, "data": data, "pointer": &number,
			"bytes": []byte("abc"), "null": nil, "a-b": "dashed",
		},
		Context: map[string]any{"folderId": "INBOX"},
	}
	for template, want := range map[string]any{
		"{{ $json.text }}":                   "t",
		"{{$json.text}}":                     "t",
		"{{ $json.int }}":                    int64(7),
		"{{ $json.float }}":                  2.5,
		"{{ $json.yes }}":                    true,
		"{{ $json.no }}":                     false,
		"{{ $json.zero }}":                   0.0,
		"{{ $json.empty }}":                  "",
		"{{ $json.list }}":                   []any{1.0, "b"},
		"{{ $json.object }}":                 map[string]any{"a": 1.0, "b": nil},
		"{{ $json.data }}":                   data,
		"{{ $json.pointer }}":                &number,
		"{{ $json.bytes }}":                  []byte("abc"),
		`{{ $json."a-b" }}`:                  "dashed",
		"{{ context.folderId }}":             "INBOX",
		"{{ $json.cc || '' }}":               "",
		"{{ $json.null || `5` }}":            5.0,
		"{{ {a: {b: $json.text}} }}":         map[string]any{"a": map[string]any{"b": "t"}},
		"{{ let $x = $json.text in $x }}":    "t",
		"{{ '}}' }}":                         "}}",
		"{{ '{{' }} literal":                 "{{ literal",
		`{{ 'it\'s' }}`:                      "it's",
		"{{ \"context\".folderId }}":         "INBOX",
		"no template":                        "no template",
		"}} { } $json":                       "}} { } $json",
		"":                                   "",
		" {{ $json.int }}":                   " 7",
		"{{ $json.int }}{{ $json.float }}":   "72.5",
		"{{ $json.text }}: {{ $json.list }}": `t: [1,"b"]`,
		"is {{ $json.yes }}":                 "is true",
		"{{ context.folderId }}/x":           "INBOX/x",
	} {
		got, err := render(template, scope)
		require.NoError(t, err, template)
		require.Equal(t, want, got, template)
		if p, ok := want.(*int); ok {
			require.Same(t, p, got)
		}
	}
}

func TestNumbersInTextHaveNoExponent(t *testing.T) {
	for value, want := range map[any]string{
		5368709120.0: "5368709120", 1e21: "1000000000000000000000", 0.1: "0.1",
		int64(math.MaxInt64): "9223372036854775807", 42: "42", json.Number("1e3"): "1e3",
	} {
		got, err := render("{{ $json }} bytes", workflow.Scope{JSON: value})
		require.NoError(t, err)
		require.Equal(t, want+" bytes", got)
	}
}

func TestTemplateThatResolvesToNothing(t *testing.T) {
	scope := workflow.Scope{JSON: map[string]any{"null": nil, "list": []any{}, "text": "t"}}
	for _, template := range []string{"{{ $json.absent }}", "{{ $json.null }}", "{{ $json.list[0] }}", "{{ $json.text.deeper }}", "{{ context.folderId }}", "{{ $jsonx || $json.null }}", "{{ absent }}", "{{ $json.absent[*].a[] }}"} {
		_, err := render("a "+template, scope)
		if strings.Contains(template, "$jsonx") {
			require.ErrorIs(t, err, workflow.ErrSyntax)
			continue
		}
		require.ErrorIs(t, err, workflow.ErrNothing)
		require.EqualError(t, err, fmt.Sprintf(`node "n": parameter "p": %s resolves to nothing`, template))
	}
}

func TestTemplatesAtEveryDepth(t *testing.T) {
	node := workflow.Node{ID: "n", Parameters: map[string]any{
		"a": []any{"{{ $json.x }}", map[string]any{"b": "{{ $json.x }}!"}}, "n": 100.0, "t": true, "z": nil,
	}}
	out, err := workflow.Render(node, workflow.Scope{JSON: map[string]any{"x": 1.0}})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"a": []any{1.0, map[string]any{"b": "1!"}}, "n": 100.0, "t": true, "z": nil}, out)
	require.Equal(t, "{{ $json.x }}", node.Parameters["a"].([]any)[0], "the node was changed")

	node.Parameters["a"].([]any)[1].(map[string]any)["b"] = "{{ $json.y }}"
	_, err = workflow.Render(node, workflow.Scope{JSON: map[string]any{"x": 1.0}})
	require.EqualError(t, err, `node "n": parameter "a[1].b": {{ $json.y }} resolves to nothing`)
}

// Of several mistakes always the same one is reported, or a replay in a
// deterministic engine would diverge.
func TestTheFirstMistakeIsTheSameEveryTime(t *testing.T) {
	parameters := map[string]any{}
	for i := range 20 {
		parameters[fmt.Sprintf("p%02d", i)] = "{{ $json.absent }}"
	}
	for range 50 {
		_, err := workflow.Render(workflow.Node{ID: "n", Parameters: parameters}, workflow.Scope{})
		require.ErrorContains(t, err, `"p00"`)
	}
}

func TestValuesThatDoNotFit(t *testing.T) {
	number := 3
	scope := workflow.Scope{JSON: map[string]any{"data": strings.NewReader("x"), "pointer": &number, "object": map[string]any{"f": func() {}}}}
	for template, want := range map[string]string{
		"text {{ $json.data }}":    "a *strings.Reader cannot be written as text",
		"text {{ $json.object }}":  "cannot be written as text: json: unsupported type",
		"{{ $json.pointer.deep }}": "cannot be evaluated", // the library panics here
		"{{ abs('x') }}":           "{{ abs('x') }}",
	} {
		_, err := render(template, scope)
		require.ErrorContains(t, err, want, template)
	}
}

func TestItems(t *testing.T) {
	loop := func(items any) workflow.Node {
		return workflow.Node{ID: "each", Type: workflow.LoopType, Parameters: map[string]any{"items": items}}
	}
	scope := workflow.Scope{JSON: map[string]any{
		"messages": []any{
			map[string]any{"attachments": []any{"a", "b"}},
			map[string]any{"attachments": []any{}},
			map[string]any{"attachments": []any{"c"}},
		},
		"none": []any{}, "text": "t", "typed": []map[string]any{{"x": 1}},
	}}
	items, err := workflow.Items(loop("{{ $json.messages[*].attachments[] }}"), scope)
	require.NoError(t, err)
	require.Equal(t, []any{"a", "b", "c"}, items)

	items, err = workflow.Items(loop("{{ $json.none[*].attachments[] }}"), scope)
	require.NoError(t, err)
	require.Empty(t, items)

	items, err = workflow.Items(loop("{{ $json.typed }}"), scope)
	require.NoError(t, err)
	require.Equal(t, []any{map[string]any{"x": 1}}, items)

	items, err = workflow.Items(loop([]any{"{{ $json.text }}", 2.0}), scope)
	require.NoError(t, err)
	require.Equal(t, []any{"t", 2.0}, items)

	_, err = workflow.Items(loop("{{ $json.text }}"), scope)
	require.ErrorIs(t, err, workflow.ErrNotList)
	require.EqualError(t, err, `node "each": parameter "items": {{ $json.text }} is not a list but a string`)

	_, err = workflow.Items(loop("{{ $json.absent }}"), scope)
	require.ErrorIs(t, err, workflow.ErrNothing)
}
