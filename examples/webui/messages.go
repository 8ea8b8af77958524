package webui

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// pageRecords is how many of the newest attachments a page looks at; the
// messages they belong to are shown with all of theirs.
const pageRecords = 40

type messagesView struct {
	Messages []message
	Paged    bool   // not the first page
	Older    string // address of the next page; "" on the last
}

// message is one message and all of its attachments.
type message struct {
	Heading
	ID    string
	Key   string // for the page's ids
	Rows  []row
	Bytes int64
}

func (u *ui) readMessages(r *http.Request) (any, error) {
	owner, admin, err := reach(r.Context())
	if err != nil {
		return nil, err
	}
	cursor := r.URL.Query().Get("cursor")
	page, err := u.handler.List(r.Context(), attachment.Query{UserID: owner, Limit: pageRecords, Cursor: cursor})
	if err != nil {
		return nil, err
	}
	view := messagesView{Paged: cursor != "", Older: nextPage("/", "", page.Next)}
	shown := map[string]bool{}
	for _, record := range page.Records {
		if shown[record.MessageID] {
			continue
		}
		shown[record.MessageID] = true
		m, newest, err := u.message(r.Context(), record.MessageID, owner, admin)
		if err != nil {
			return nil, err
		}
		// A message stands on the page that has its newest attachment: here, or
		// on one before.
		if slices.ContainsFunc(page.Records, func(r attachment.EmailAttachment) bool { return r.ID == newest }) {
			view.Messages = append(view.Messages, m)
		}
	}
	return view, nil
}

// message reads one message, and the id of its newest attachment.
func (u *ui) message(ctx context.Context, id, owner string, admin bool) (m message, newest string, err error) {
	m = message{ID: id, Key: key(id)}
	m.Heading = u.heading(ctx, id)
	var latest attachment.EmailAttachment
	for q := (attachment.Query{MessageID: id, UserID: owner}); ; {
		page, err := u.handler.List(ctx, q)
		if err != nil {
			return m, "", err
		}
		for _, record := range page.Records {
			m.Rows = append(m.Rows, newRow(record, admin))
			m.Bytes += record.Size
			if cmp.Or(record.CreatedAt.Compare(latest.CreatedAt), cmp.Compare(record.ID, latest.ID)) > 0 {
				latest = record
			}
		}
		if page.Next == "" {
			if m.Date.IsZero() {
				m.Date = latest.CreatedAt
			}
			return m, latest.ID, nil
		}
		q.Cursor = page.Next
	}
}

// heading is what the host calls a message. Those that began as an upload on
// this page, upload.js has named.
func (u *ui) heading(ctx context.Context, id string) Heading {
	if heading, known := u.opts.Heading(ctx, id); known {
		return heading
	}
	if strings.HasPrefix(id, "upload-") && strings.HasSuffix(id, "@this-page") {
		return Heading{Subject: "Uploaded files"}
	}
	return Heading{}
}

// key is an id as an attribute of the page can hold it.
func key(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "m-" + hex.EncodeToString(sum[:8])
}

// nextPage is the address of the page after; "" if there is none.
func nextPage(path, list, cursor string) string {
	if cursor == "" {
		return ""
	}
	values := url.Values{"cursor": {cursor}}
	if list != "" {
		values.Set("show", list)
	}
	return path + "?" + values.Encode()
}
