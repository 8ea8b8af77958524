package app

import (
	"context"
	"sync"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailbox"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/webui"
)

// headings is what the messages of this run are called. Records hold only the
// Message-ID: who wants more keeps it.
type headings struct {
	mu    sync.Mutex
	known map[string]webui.Heading
}

func (h *headings) add(message mailbox.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil {
		h.known = map[string]webui.Heading{}
	}
	h.known[message.ID] = webui.Heading{Subject: message.Subject, From: message.From, Date: message.Date}
}

func (h *headings) of(_ context.Context, messageID string) (webui.Heading, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	heading, known := h.known[messageID]
	return heading, known
}
