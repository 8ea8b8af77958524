// Package workflow is what the example hosts share: it reads workflow files,
// renders the templates in them, and says what a loop iterates over. It knows
// no engine, no node and no mail.
//
//	wf, err := workflow.LoadFile("process-email-attachments.json")
//	runner := workflow.NewRunner(map[string]workflow.Executor{
//		"imap-sync":          syncMail,
//		"attachment-handler": handle,
//	}, nil)
//	results, err := runner.Run(ctx, wf, map[string]any{"folderId": "INBOX"})
//
// # Templates
//
// {{ … }} holds a JMESPath expression (jmespath.org, community edition). Two
// names are given: $json, what the node before put out or, within a loop, the
// item; and context, what the host started the run with. A parameter that is
// one template and nothing else keeps the type of its value, Go values such as
// an io.Reader included; in a longer text, values are written out. A template
// that resolves to nothing is an error; what may be absent needs a default:
//
//	{{ $json.cc || 'nobody@example.com' }}
//
// # Two halves
//
// [Load], [Render], [Items] and [Workflow].Check are pure: the same input gives
// the same output and the same error, without goroutines, clocks or map order,
// so a deterministic engine may call them from workflow code. Expressions whose
// order would depend on a map (.*, keys, values, items) are refused for that
// reason. [Runner] is the other half: it executes a workflow in this process.
package workflow
