package attachment

import (
	"context"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// MaxReasonBytes bounds the reason a person gives.
const MaxReasonBytes = 500

// Rescan asks for a new verdict on the content of an attachment. Until there
// is one, the present one stands. It takes tenant.Admin.
func (h *AttachmentHandler) Rescan(ctx context.Context, id string) (EmailAttachment, error) {
	if _, err := permit(ctx, tenant.Admin, id); err != nil {
		return EmailAttachment{}, err
	}
	job, err := h.repo.RequestScan(ctx, id, h.opts.Now().UTC())
	if err != nil {
		return EmailAttachment{}, err
	}
	h.queueScan(ctx, &job)
	return h.repo.Get(ctx, id)
}

// Release serves a content although no scanner calls it clean: its status
// becomes skipped, for all the tenant's attachments that share it. A person
// answers for it, and says why. It takes tenant.Admin.
func (h *AttachmentHandler) Release(ctx context.Context, id, reason string) (EmailAttachment, error) {
	return h.overrule(ctx, id, scan.StatusSkipped, "released", reason)
}

// Quarantine withholds a content whatever a scanner says: its status becomes
// suspicious, for all the tenant's attachments that share it. It takes
// tenant.Admin.
func (h *AttachmentHandler) Quarantine(ctx context.Context, id, reason string) (EmailAttachment, error) {
	return h.overrule(ctx, id, scan.StatusSuspicious, "quarantined", reason)
}

func (h *AttachmentHandler) overrule(ctx context.Context, id string, status scan.Status, what, reason string) (EmailAttachment, error) {
	tc, err := permit(ctx, tenant.Admin, id)
	if err != nil {
		return EmailAttachment{}, err
	}
	reason = oneLine(reason)
	if reason == "" || len(reason) > MaxReasonBytes {
		return EmailAttachment{}, invalid("reason: is required, and at most %d bytes long", MaxReasonBytes)
	}
	now := h.opts.Now().UTC()
	before, err := h.repo.Get(ctx, id)
	if err != nil {
		return EmailAttachment{}, err
	}
	result := scan.Result{Detail: what + " by " + tc.UserID() + ": " + reason, ScannedAt: now}
	if status == scan.StatusSuspicious {
		result.Verdict = scan.Suspicious // a release is no verdict: it stays unknown, and is never clean
	}
	if before.VirusScanDetails != nil { // what the scanner said stays on the record
		result.Threat, result.Engine, result.Signatures = before.VirusScanDetails.Threat, before.VirusScanDetails.Engine, before.VirusScanDetails.Signatures
	}
	after, err := h.repo.SetVerdict(ctx, id, status, result, now)
	if err != nil {
		return EmailAttachment{}, err
	}
	h.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "attachment_"+what,
		slog.String("attachmentId", id),
		slog.String("contentHash", after.ContentHash),
		slog.String("from", string(before.VirusScanStatus)),
		slog.String("to", string(after.VirusScanStatus)),
		slog.String("userId", tc.UserID()),
		slog.String("reason", reason),
		tenantAttr(ctx))
	return after, nil
}

// Destroy removes a content for good, at once: every attachment of the tenant
// that shares it, and its bytes. What is under legal hold stays, and keeps the
// bytes; Destroy then returns ErrHeld. A person answers for it, and says why. It
// takes tenant.Admin.
func (h *AttachmentHandler) Destroy(ctx context.Context, id, reason string) error {
	tc, err := permit(ctx, tenant.Admin, id)
	if err != nil {
		return err
	}
	if reason = oneLine(reason); reason == "" || len(reason) > MaxReasonBytes {
		return invalid("reason: is required, and at most %d bytes long", MaxReasonBytes)
	}
	record, err := h.repo.Get(ctx, id)
	if err != nil {
		return err
	}
	if record.LegalHold {
		return ErrHeld
	}
	now := h.opts.Now().UTC()
	removed, err := h.purge(ctx, PurgeQuery{Now: now, TenantID: tc.TenantID(), SharedWith: id})
	if err != nil {
		return err
	}
	h.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "attachment_destroyed",
		slog.String("attachmentId", id),
		slog.String("contentHash", record.ContentHash),
		slog.Int("records", removed),
		slog.String("userId", tc.UserID()),
		slog.String("reason", reason),
		tenantAttr(ctx))
	// Leases of a sweep under way are passed over, as by EraseTenant.
	var report SweepReport
	if err := h.reclaim(ctx, GarbageQuery{Now: now.Add(sweepLease), TenantID: tc.TenantID()}, &report); err != nil {
		return err
	}
	left, err := h.repo.KnownKeys(ctx, tc.TenantID(), []string{record.StorageKey})
	if err == nil && left[record.StorageKey] {
		err = ErrHeld
	}
	return err
}

// RescanOld asks for new verdicts where the present ones are old, up to limit
// of them, and says how many: those from before scannedBefore, and, unless
// signatures is empty, those reached with other ones. The host calls it by the
// clock or when its scanner has learned; the reconciler enqueues the jobs.
func (h *AttachmentHandler) RescanOld(ctx context.Context, scannedBefore time.Time, signatures string, limit int) (int, error) {
	return h.repo.RequestScans(ctx, RescanQuery{Now: h.opts.Now().UTC(), ScannedBefore: scannedBefore, Signatures: signatures, Limit: limit})
}

// oneLine makes a person's words fit for a record and a log.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	return strings.Join(strings.Fields(text), " ")
}
