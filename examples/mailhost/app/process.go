package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"sync"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailbox"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/outcome"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/workflow"
)

// process runs the workflow over the mail.
func (m *mailhost) process(ctx context.Context, stderr io.Writer) (*outcome.Report, error) {
	wf, err := workflow.LoadFile(m.settings.workflow)
	if err != nil {
		return nil, err
	}
	sync := &imapSync{settings: m.settings, found: m.headings.add}
	defer sync.close()
	runner := workflow.NewRunner(map[string]workflow.Executor{
		"imap-sync":         sync.execute,
		attachment.NodeType: m.handle,
	}, &workflow.Options{Parallel: m.settings.parallel, Progress: progress(stderr)})
	results, err := runner.Run(m.host.Settings.Own(ctx), wf, map[string]any{"emailAccountId": sync.spec(), "folderId": "INBOX"})
	for _, unread := range sync.unreadable {
		fmt.Fprintln(stderr, "mailhost: skipped:", unread.Error)
	}
	if err != nil {
		return nil, err
	}
	return newReport(results, sync.unreadable), nil
}

// progress keeps one line of a terminal up to date; a file gets the last word.
func progress(w io.Writer) func(workflow.Event) {
	live := false
	if file, ok := w.(*os.File); ok {
		info, err := file.Stat()
		live = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return func(e workflow.Event) {
		switch {
		case e.Done == e.Total:
			fmt.Fprintf(w, "\r%s: %d attachments processed\n", e.Loop, e.Total)
		case live:
			fmt.Fprintf(w, "\r%s: %d of %d attachments", e.Loop, e.Done, e.Total)
		}
	}
}

// handle is the node of this library: all it takes to register it. What the
// workflow leaves open, the environment says.
func (m *mailhost) handle(ctx context.Context, call workflow.Call) (any, error) {
	parameters := m.host.Settings.NodeDefaults()
	maps.Copy(parameters, call.Parameters)
	return m.host.Handler.Execute(ctx, attachment.Node{
		ID: call.Node.ID, Name: call.Node.Name, Type: call.Node.Type, Parameters: parameters,
	}), nil
}

// imapSync is the node that brings the messages. It stands for a host's own:
// this one reads files as well.
type imapSync struct {
	settings
	found      func(mailbox.Message)
	mu         sync.Mutex
	source     mailbox.Source
	unreadable []outcome.Unreadable
}

func (n *imapSync) spec() string {
	if n.imap != "" {
		return n.imap
	}
	return n.mail
}

func (n *imapSync) execute(ctx context.Context, call workflow.Call) (any, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.source != nil {
		return nil, errors.New("this host syncs one mailbox a run")
	}
	limit, _ := call.Parameters["maxMessages"].(float64)
	options := &mailbox.Options{MaxMessages: int(limit), Password: n.imapPassword}
	if n.spec() == testMail {
		options.Placeholders = mailbox.EICAR()
	}
	var err error
	if n.source, err = mailbox.Open(ctx, n.spec(), options); err != nil {
		return nil, err
	}
	var messages []mailbox.Message
	for message, err := range n.source.Messages(ctx) {
		if err != nil {
			n.unreadable = append(n.unreadable, outcome.Unreadable{Location: message.Location, Error: err.Error()})
		}
		if message.ID != "" {
			n.found(message)
			messages = append(messages, message)
		}
	}
	return mailbox.Synced(messages, stream), ctx.Err()
}

// stream hands the node a stream. An engine beyond one process would hand it a
// reference, for attachment.Options.Source to open.
func stream(_ mailbox.Message, part mailbox.Part) any {
	body, err := part.Open()
	if err != nil {
		return nil // the node then says that the data is missing
	}
	return body
}

func (n *imapSync) close() {
	if n.source != nil {
		_ = n.source.Close()
	}
}
