package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/claimcheck"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailbox"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/outcome"
)

// The names of the activities.
const (
	syncType     = "imap-sync"
	loadPage     = "load-page"
	releasePage  = "release-page"
	releaseIndex = "release-index"
)

// A page is full with so many attachments, or with so many bytes of JSON.
const (
	pageAttachments = 8
	pageBytes       = 8 << 10
)

// mail are the activities that bring messages. Attachments, and what is said
// about them, wait in the staging area: workflows see a page at a time.
type mail struct {
	spec     string
	options  mailbox.Options
	staging  *claimcheck.Staging
	maxStage int64 // bytes; larger attachments are refused anyway
}

func (m *mail) register(r worker.ActivityRegistry) {
	for name, f := range map[string]any{syncType: m.sync, loadPage: m.load, releasePage: m.release, releaseIndex: m.staging.Release} {
		r.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
	}
}

// mailboxPages is a synced mailbox: a staged list of references to its pages.
type mailboxPages struct {
	Index attachment.Reference `json:"index"`
	Pages int                  `json:"pages"`
}

// pageRef names one of them.
type pageRef struct {
	Index  attachment.Reference `json:"index"`
	Number int                  `json:"number"`
}

// loadedPage is one page: what the sync node puts out, for a few attachments.
type loadedPage struct {
	JSON       map[string]any       `json:"json"`
	Unreadable []outcome.Unreadable `json:"unreadable,omitempty"`
}

// sync reads the mailbox once. Repeated, it stages everything again; what the
// attempt before left goes with the sweep.
func (m *mail) sync(ctx context.Context, node attachment.Node) (mailboxPages, error) {
	options := m.options
	limit, _ := node.Parameters["maxMessages"].(float64)
	options.MaxMessages = int(limit)
	source, err := mailbox.Open(ctx, m.spec, &options)
	if err != nil {
		return mailboxPages{}, err
	}
	defer source.Close()
	pages := pager{mail: m}
	for message, err := range source.Messages(ctx) {
		activity.RecordHeartbeat(ctx, len(pages.refs))
		if err := pages.add(ctx, message, err); err != nil {
			return mailboxPages{}, err
		}
	}
	if err := errors.Join(pages.flush(ctx), ctx.Err()); err != nil {
		return mailboxPages{}, err
	}
	index, err := m.stageJSON(ctx, pages.refs)
	return mailboxPages{Index: index, Pages: len(pages.refs)}, err
}

// pager fills pages.
type pager struct {
	*mail
	refs        []attachment.Reference
	open        loadedPage
	messages    []any
	attachments int
	bytes       int
}

func (p *pager) add(ctx context.Context, message mailbox.Message, unread error) error {
	if unread != nil {
		p.open.Unreadable = append(p.open.Unreadable, outcome.Unreadable{Location: message.Location, Error: short(unread.Error())})
		p.bytes += 256
	}
	if message.ID == "" {
		return p.flushIfFull(ctx)
	}
	var failed error
	synced := mailbox.Synced([]mailbox.Message{message}, func(_ mailbox.Message, part mailbox.Part) any {
		activity.RecordHeartbeat(ctx, len(p.refs))
		ref, err := p.stagePart(ctx, part)
		failed = errors.Join(failed, err)
		return map[string]any{"ref": ref.Ref}
	})
	if failed != nil {
		return failed
	}
	whole := clamp(synced["syncedMessages"].([]any)[0]).(map[string]any)
	attachments := whole["attachments"].([]any)
	// A message with many attachments goes on over several pages.
	for len(attachments) > 0 {
		n := min(len(attachments), pageAttachments-p.attachments)
		part := map[string]any{"attachments": attachments[:n]}
		for _, name := range []string{"messageId", "from", "subject", "date"} {
			part[name] = whole[name]
		}
		p.messages, p.attachments, attachments = append(p.messages, part), p.attachments+n, attachments[n:]
		text, err := json.Marshal(part)
		if err != nil {
			return err
		}
		p.bytes += len(text)
		if err := p.flushIfFull(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *pager) flushIfFull(ctx context.Context) error {
	if p.attachments < pageAttachments && p.bytes < pageBytes {
		return nil
	}
	return p.flush(ctx)
}

func (p *pager) flush(ctx context.Context) error {
	if p.attachments == 0 && len(p.open.Unreadable) == 0 {
		return nil
	}
	p.open.JSON = map[string]any{"syncedMessages": append([]any{}, p.messages...)}
	ref, err := p.stageJSON(ctx, p.open)
	p.refs = append(p.refs, ref)
	p.open, p.messages, p.attachments, p.bytes = loadedPage{}, nil, 0, 0
	return err
}

// stagePart stages an attachment, but not one that is refused for its size
// before anybody reads it.
func (m *mail) stagePart(ctx context.Context, part mailbox.Part) (attachment.Reference, error) {
	if part.Size > m.maxStage {
		return attachment.Reference{Ref: claimcheck.StagedScheme + ":"}, nil // names nothing
	}
	body, err := part.Open()
	if err != nil {
		return attachment.Reference{}, err
	}
	defer body.Close()
	return m.staging.Stage(ctx, body)
}

// clamp shortens hostile texts. What is cut is longer than the handler takes,
// and refused as the whole would be.
func clamp(value any) any {
	switch value := value.(type) {
	case string:
		return short(value)
	case []any:
		for i := range value {
			value[i] = clamp(value[i])
		}
	case map[string]any:
		for key := range value {
			value[key] = clamp(value[key])
		}
	}
	return value
}

func short(text string) string {
	const longest = 4097
	return strings.ToValidUTF8(text[:min(len(text), longest)], "")
}

func (m *mail) load(ctx context.Context, at pageRef) (loadedPage, error) {
	_, p, err := m.find(ctx, at)
	return p, err
}

// release lets go of a page and all that it refers to. What is gone already,
// because an attempt before got that far, is fine.
func (m *mail) release(ctx context.Context, at pageRef) error {
	ref, p, err := m.find(ctx, at)
	if errors.Is(err, claimcheck.ErrGone) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, staged := range references(p) {
		if err := m.staging.Release(ctx, staged); err != nil && !errors.Is(err, claimcheck.ErrReference) {
			return err
		}
	}
	return m.staging.Release(ctx, ref) // last: it knows the others
}

func references(p loadedPage) (refs []attachment.Reference) {
	messages, _ := p.JSON["syncedMessages"].([]any)
	for _, message := range messages {
		attachments, _ := message.(map[string]any)["attachments"].([]any)
		for _, outer := range attachments {
			inner, _ := outer.(map[string]any)["attachment"].(map[string]any)
			data, _ := inner["attachmentData"].(map[string]any)
			ref, _ := data["ref"].(string)
			refs = append(refs, attachment.Reference{Ref: ref})
		}
	}
	return refs
}

func (m *mail) find(ctx context.Context, at pageRef) (ref attachment.Reference, p loadedPage, err error) {
	var refs []attachment.Reference
	if err := m.readJSON(ctx, at.Index, &refs); err != nil {
		return ref, p, err
	}
	if at.Number < 0 || at.Number >= len(refs) {
		return ref, p, temporal.NewNonRetryableApplicationError("no such page", "PAGE", nil)
	}
	ref = refs[at.Number]
	err = m.readJSON(ctx, ref, &p)
	return ref, p, err
}

func (m *mail) stageJSON(ctx context.Context, value any) (attachment.Reference, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return attachment.Reference{}, err
	}
	return m.staging.Stage(ctx, strings.NewReader(string(text)))
}

func (m *mail) readJSON(ctx context.Context, ref attachment.Reference, value any) error {
	body, err := m.staging.OpenReference(ctx, ref)
	if errors.Is(err, claimcheck.ErrGone) {
		return temporal.NewNonRetryableApplicationError(err.Error(), "GONE", claimcheck.ErrGone)
	}
	if err != nil {
		return err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("staged JSON: %w", err)
	}
	return nil
}
