package workflow_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/workflow"
)

func ExampleRunner() {
	wf, err := workflow.LoadFile("../../testdata/workflows/process-email-attachments.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	runner := workflow.NewRunner(map[string]workflow.Executor{
		"imap-sync": func(_ context.Context, call workflow.Call) (any, error) {
			fmt.Println("sync", call.Parameters["folderId"], "up to", call.Parameters["maxMessages"])
			attachment := map[string]any{"filename": "a.txt", "mimeType": "text/plain", "size": 5.0, "attachmentData": strings.NewReader("hello")}
			return map[string]any{"syncedMessages": []any{
				map[string]any{"attachments": []any{map[string]any{"messageId": "m1", "attachment": attachment}}},
			}}, nil
		},
		"attachment-handler": func(_ context.Context, call workflow.Call) (any, error) {
			p := call.Parameters
			fmt.Printf("handle %v of %v: %v bytes as %T\n", p["filename"], p["messageId"], p["size"], p["attachmentData"])
			return "stored", nil
		},
	}, nil)
	results, err := runner.Run(context.Background(), wf, map[string]any{"emailAccountId": "demo", "folderId": "INBOX"})
	fmt.Println(results[1].Output, err)
	// Output:
	// sync INBOX up to 100
	// handle a.txt of m1: 5 bytes as *strings.Reader
	// [stored] <nil>
}

func ExampleRender() {
	node := workflow.Node{ID: "note", Parameters: map[string]any{
		"size": "{{ $json.size }}", "line": "{{ $json.name }} in {{ context.folderId }}", "cc": "{{ $json.cc || '' }}",
	}}
	scope := workflow.Scope{JSON: map[string]any{"size": 42.0, "name": "a.pdf"}, Context: map[string]any{"folderId": "INBOX"}}
	parameters, err := workflow.Render(node, scope)
	fmt.Printf("%T %v, %q, %q, %v\n", parameters["size"], parameters["size"], parameters["line"], parameters["cc"], err)

	_, err = workflow.Render(workflow.Node{ID: "note", Parameters: map[string]any{"to": "{{ $json.to }}"}}, scope)
	fmt.Println(err)
	// Output:
	// float64 42, "a.pdf in INBOX", "", <nil>
	// node "note": parameter "to": {{ $json.to }} resolves to nothing
}
