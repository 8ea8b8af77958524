package workflow_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/workflow"
)

const emailWorkflow = "../../testdata/workflows/process-email-attachments.json"

// The workflow file is an interface: hosts depend on every name in it.
func TestTheEmailWorkflow(t *testing.T) {
	wf, err := workflow.LoadFile(emailWorkflow)
	require.NoError(t, err)
	require.Equal(t, "process-email-attachments", wf.ID)
	require.Equal(t, "1.0.0", wf.Version)
	require.Equal(t, emailWorkflow, wf.File)
	require.Equal(t, []workflow.Node{
		{ID: "imap-sync", Type: "imap-sync", Parameters: map[string]any{
			"imapId": "{{ context.emailAccountId }}", "folderId": "{{ context.folderId }}", "maxMessages": 100.0,
		}},
		{
			ID: "for-each-attachment", Type: "loop",
			Parameters: map[string]any{"items": "{{ $json.syncedMessages[*].attachments[] }}"},
			Nodes: []workflow.Node{{ID: "handle-attachment", Type: "attachment-handler", Parameters: map[string]any{
				"messageId": "{{ $json.messageId }}", "filename": "{{ $json.attachment.filename }}",
				"mimeType": "{{ $json.attachment.mimeType }}", "size": "{{ $json.attachment.size }}",
				"attachmentData": "{{ $json.attachment.attachmentData }}", "enableVirusScan": true, "urlExpirationSeconds": 3600.0,
			}}},
		},
	}, wf.Nodes)
}

func TestLoadNamesFileAndNode(t *testing.T) {
	node := func(s string) string { return `{"id":"w","version":"1","nodes":[` + s + `]}` }
	for name, test := range map[string]struct{ text, want string }{
		"not JSON":           {"{\n\"id\": \"w\",\n\"nodes\": [}", "w.json: line 3: "},
		"cut off":            {"{\n\"id\": \"w\"", "w.json: line 2: unexpected EOF"},
		"empty":              {"", "w.json: line 1: EOF"},
		"wrong type":         {"{\"id\": \"w\",\n\"nodes\": 7}", "w.json: line 2: "},
		"misspelt field":     {node(`{"id":"a","type":"x","paramaters":{}}`), `w.json: line 1: json: unknown field "paramaters"`},
		"two workflows":      {node(`{"id":"a","type":"x"}`) + "{}", "w.json: more text after the workflow"},
		"no id":              {`{"nodes":[{"id":"a","type":"x"}]}`, "w.json: workflow without an id"},
		"no nodes":           {`{"id":"w","nodes":[]}`, "w.json: workflow without nodes"},
		"node without id":    {node(`{"type":"x"}`), "w.json: node 1 of its list has no id"},
		"node without type":  {node(`{"id":"a"}`), `w.json: node "a": node without a type`},
		"same id twice":      {node(`{"id":"a","type":"x"},{"id":"a","type":"x"}`), `w.json: node "a": id is taken by another node`},
		"same id in a loop":  {node(`{"id":"a","type":"loop","parameters":{"items":[]},"nodes":[{"id":"a","type":"x"}]}`), `node "a": id is taken`},
		"children elsewhere": {node(`{"id":"a","type":"x","nodes":[{"id":"b","type":"x"}]}`), `w.json: node "a": only a "loop" node`},
		"loop of nothing":    {node(`{"id":"a","type":"loop","parameters":{"items":[]}}`), `w.json: node "a": loop without nodes`},
		"loop over nothing":  {node(`{"id":"a","type":"loop","nodes":[{"id":"b","type":"x"}]}`), `w.json: node "a": loop without the parameter "items"`},
		"open template":      {node(`{"id":"a","type":"x","parameters":{"p":"{{ $json.a"}}`), `w.json: node "a": parameter "p": {{ $json.a malformed template: {{ without }}`},
		"bad expression":     {node(`{"id":"a","type":"x","parameters":{"p":[1,{"q":"{{ $json. }}"}]}}`), `w.json: node "a": parameter "p[1].q": {{ $json. }} malformed template: `},
		"unknown variable":   {node(`{"id":"a","type":"x","parameters":{"p":"{{ $node.b }}"}}`), `unknown variable $node`},
		"unknown function":   {node(`{"id":"a","type":"x","parameters":{"p":"{{ now() }}"}}`), `unknown function now()`},
		"random order":       {node(`{"id":"a","type":"x","parameters":{"p":"{{ $json.* }}"}}`), `.* has no defined order`},
		"random order of":    {node(`{"id":"a","type":"x","parameters":{"p":"{{ length(keys($json)) }}"}}`), `keys() has no defined order`},
		"deep parameters":    {node(`{"id":"a","type":"x","parameters":{"p":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}}`), "nested too deep"},
		"memory bomb":        {node(`{"id":"a","type":"x","parameters":{"p":"{{ pad_left('a', ` + "`9`" + `) }}"}}`), "pad_left() may take any amount of memory"},
		"too large":          {strings.Repeat(" ", 1<<20+1), "w.json: workflow file larger than the limit"},
		"too deep": {node(strings.Repeat(`{"id":"a","type":"loop","parameters":{"items":[]},"nodes":[`, 9) + `{"id":"z","type":"x"}` + strings.Repeat(`]}`, 9)),
			"loops nested deeper than 8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := workflow.Load("w.json", strings.NewReader(test.text))
			require.ErrorContains(t, err, test.want)
			var located *workflow.Error
			require.ErrorAs(t, err, &located)
			require.Equal(t, "w.json", located.File)
		})
	}
}

func TestLoadReportsEveryMistake(t *testing.T) {
	_, err := workflow.Load("w.json", strings.NewReader(`{"id":"w","nodes":[{"id":"a"},{"id":"b","type":"x","parameters":{"p":"{{"}}]}`))
	require.ErrorContains(t, err, `node "a"`)
	require.ErrorContains(t, err, `node "b"`)
}

func TestLoadFileThatIsMissing(t *testing.T) {
	_, err := workflow.LoadFile("no-such.json")
	require.ErrorContains(t, err, "no-such.json")
}

func TestCheckReportsUnknownTypes(t *testing.T) {
	wf, err := workflow.LoadFile(emailWorkflow)
	require.NoError(t, err)
	require.NoError(t, wf.Check(func(nodeType string) bool {
		return nodeType == "imap-sync" || nodeType == "attachment-handler"
	}))
	err = wf.Check(func(nodeType string) bool { return nodeType == "imap-sync" })
	require.ErrorIs(t, err, workflow.ErrUnknownType)
	require.EqualError(t, err, emailWorkflow+`: node "handle-attachment": unknown node type "attachment-handler"`)
}
