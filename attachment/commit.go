package attachment

import (
	"context"
	"errors"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// settleWithin bounds what must still be done once bytes are visible, even if
// the caller has gone: recording them is cheaper than finding them again.
const settleWithin = 15 * time.Second

// commit makes the attachment exist: intent, blob, record, in this order, so
// that a crash between any two leaves a row that tells what to do.
func (run *execution) commit(ctx context.Context, c *content) (Begun, error) {
	for tries := 1; ; tries++ {
		begun, err := run.settle(ctx, c)
		// A sweeper took the content between its last reference and this one.
		// What is still in memory can be stored again.
		if !errors.Is(err, ErrConflict) || c.memory == nil || tries == storeTries {
			return begun, err
		}
		if err := run.address(); err != nil {
			return Begun{}, err
		}
		c.staged = nil
	}
}

// storeTries bounds how often one execution loses the same race.
const storeTries = 8

// settle stores the content once, or finds it stored.
func (run *execution) settle(ctx context.Context, c *content) (Begun, error) {
	draft := run.draft(c)
	var rival string // whom this waits for
	var patience time.Time
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		begun, err := run.begin(ctx, draft)
		switch {
		case err != nil:
			return Begun{}, err
		case begun.Outcome == Fresh:
			return run.publish(ctx, draft, c)
		case begun.Outcome != Busy:
			return begun, nil
		}
		// Somebody is storing these very bytes, or died doing so. Once the
		// blob is visible it is complete, and anyone may finish the job.
		if run.visible(ctx, begun.Intent) {
			draft.Content = begun.Intent
			return run.finish(ctx, draft)
		}
		if begun.Intent.ID != rival {
			rival, patience = begun.Intent.ID, time.Now().Add(run.opts.RaceWait)
		}
		if time.Now().After(patience) {
			draft.GivenUp = append(draft.GivenUp, rival)
			continue
		}
		if err := sleep(ctx, wait); err != nil {
			return Begun{}, err
		}
	}
}

// draft describes the record and the content that would be new.
func (run *execution) draft(c *content) Draft {
	now := run.opts.Now().UTC()
	in, tenantID := run.in, run.tenant.TenantID()
	record := EmailAttachment{
		ID:       attachmentID(tenantID, in.MessageID, in.Filename, in.ContentID, c.sha256),
		TenantID: tenantID, UserID: run.tenant.UserID(), MessageID: in.MessageID,
		Filename: in.Filename, SafeFilename: run.name,
		MIMEType: c.mimeType, DeclaredMIMEType: in.MIMEType,
		Size: c.size, ContentID: in.ContentID, IsInline: in.IsInline, Position: in.Position,
		ContentHash:        c.sha256,
		RetentionExpiresAt: now.Add(run.opts.Retention(tenantID)),
		CreatedAt:          now, UpdatedAt: now,
	}
	wanted, _ := run.opts.ScanPolicy.ShouldScan(scan.Object{
		Size: c.size, SHA256: c.sha256, Filename: run.name, MIMEType: c.mimeType, TenantID: tenantID,
	})
	return Draft{
		Record: record,
		Content: Content{
			ID: run.content, TenantID: tenantID, SHA256: c.sha256, Size: c.size,
			StorageKey: run.key, Backend: run.opts.Backend, Shared: !in.SkipDeduplication,
		},
		Scan:     wanted && !in.SkipVirusScan,
		Scanner:  in.VirusScanEndpoint,
		Priority: in.Priority,
	}
}

func (run *execution) begin(ctx context.Context, draft Draft) (_ Begun, err error) {
	ctx, span := run.step(ctx, "attachment.begin")
	defer span.end(&err)
	return run.repo.Begin(ctx, draft)
}

// publish makes the blob visible and finishes the record.
func (run *execution) publish(ctx context.Context, draft Draft, c *content) (Begun, error) {
	if err := run.write(ctx, draft.Content, c); err != nil {
		run.withdraw(ctx, draft, err)
		return Begun{}, err
	}
	begun, err := run.finish(ctx, draft)
	if errors.Is(err, ErrConflict) {
		run.retract(ctx, draft.Content)
	}
	return begun, err
}

// retract deletes the blob of a content that was swept, or erased with its
// tenant, before the blob came: nobody else will.
func (run *execution) retract(ctx context.Context, c Content) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	if err := run.destroy(ctx, c); err != nil {
		run.opts.Logger.WarnContext(ctx, "blob not deleted; an audit will find it", "content", c.ID, "error", err)
	}
}

// write commits the staged blob, or writes the one that is still in memory.
func (run *execution) write(ctx context.Context, stored Content, c *content) (err error) {
	ctx, span := run.step(ctx, "attachment.publish")
	defer span.end(&err)
	if c.staged == nil {
		w, err := run.store.Create(ctx, stored.StorageKey, &blob.WriteOptions{
			ContentType: c.mimeType, Size: stored.Size, SHA256: stored.SHA256, Hashed: stored.Size > 0,
		})
		if err != nil {
			return err
		}
		defer w.Abort()
		if _, err := w.Write(c.memory); err != nil {
			return err
		}
		c.staged = w
	}
	_, err = c.staged.Commit(ctx)
	return err
}

// withdraw takes the intent back, and then the blob if there is one: the other
// way round, somebody who has seen the blob could rely on it meanwhile. When the
// store cannot tell, because its answer got lost or the caller has gone, the
// intent stays and the sweeper settles it.
func (run *execution) withdraw(ctx context.Context, draft Draft, cause error) {
	if blob.Retryable(cause) || errors.Is(cause, context.Canceled) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	err := run.repo.Cancel(ctx, draft, run.opts.Now().UTC(), sweepLease)
	switch {
	case errors.Is(err, ErrConflict):
		return
	case err == nil && errors.Is(cause, blob.ErrExists): // the blob there is somebody else's
		err = run.repo.Forget(ctx, draft.Content)
	case err == nil:
		err = run.destroy(ctx, draft.Content)
	}
	if err != nil {
		run.opts.Logger.WarnContext(ctx, "intent not withdrawn; the sweeper will", "content", draft.Content.ID, "error", err)
	}
}

func (run *execution) finish(ctx context.Context, draft Draft) (_ Begun, err error) {
	ctx, span := run.step(ctx, "attachment.finish")
	defer span.end(&err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	return run.repo.Finish(ctx, draft)
}

// visible looks on the system's behalf: who may write need not be allowed to read.
func (run *execution) visible(ctx context.Context, intent Content) bool {
	info, err := blob.Stat(asSystem(ctx, intent.TenantID), run.store, intent.StorageKey)
	return err == nil && info.Size == intent.Size
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
