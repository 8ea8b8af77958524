package workflow_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/workflow"
)

// FuzzTemplate: no text panics, a text without braces stays what it is, and an
// error always names the node.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		"", "plain", "{{", "}}", "{{}}", "{{ }}", "{{ $json }}", "{{ $json.a }}{{ context.b }}", "a {{ {a: {b: 'c'}} }} d",
		"{{ '}}' }}", "{{ `{\"a\": 1}` }}", "{{ \"}\" }}", "{{ let $x = $json in $x }}", "{{ $json.list[?@ > `1`] }}", "{{ sort_by($json.list, &@) }}",
		"{{ '\\' }}", "{{{{ }}}}", "{{ ((((((((( }}", "{{ $json.reader.x }}", "{{ pad_left('a', `9`) }}",
	} {
		f.Add(seed)
	}
	scope := workflow.Scope{
		JSON:    map[string]any{"a": "x", "list": []any{1.0, 2.0}, "reader": strings.NewReader("r")},
		Context: map[string]any{"b": true},
	}
	f.Fuzz(func(t *testing.T, text string) {
		out, err := workflow.Render(workflow.Node{ID: "n", Parameters: map[string]any{"p": text}}, scope)
		var located *workflow.Error
		switch {
		case err != nil:
			if !errors.As(err, &located) || located.Node != "n" || located.Parameter != "p" {
				t.Fatalf("error does not name its place: %v", err)
			}
		case out["p"] == nil:
			t.Fatal("nothing, without an error")
		case !strings.Contains(text, "{{") && out["p"] != any(text):
			t.Fatalf("%q became %q", text, out["p"])
		}
	})
}

// FuzzLoad: no file panics, and what loads can be rendered or says why not.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"id":"w","version":"1","nodes":[{"id":"a","type":"loop","parameters":{"items":"{{ $json }}"},"nodes":[{"id":"b","type":"x"}]}]}`))
	f.Add([]byte(`{"nodes":[{"parameters":{"a":[{"b":"{{ context.c }}"}]}}]}`))
	f.Add([]byte("{\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		wf, err := workflow.Load("w.json", strings.NewReader(string(raw)))
		if err != nil {
			return
		}
		_ = wf.Check(func(string) bool { return false })
		for _, node := range wf.Nodes {
			_, _ = workflow.Render(node, workflow.Scope{})
			_, _ = workflow.Items(node, workflow.Scope{})
		}
	})
}
