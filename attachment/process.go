package attachment

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Process stores one attachment, or refuses it and leaves nothing behind.
// Errors are of type *Error. If in.Data is an io.Closer, Process closes it.
//
// Running the same input again, after any failure or none, ends in the same
// attachment id, one record, one blob and one scan.
func (h *AttachmentHandler) Process(ctx context.Context, in Input) (*Processed, error) {
	return h.account(ctx, in, nil)
}

// account processes one attachment, unless it was refused before, and says how
// that went: to the trace, the metrics and the log.
func (h *AttachmentHandler) account(ctx context.Context, in Input, refused error) (p *Processed, err error) {
	if c, ok := in.Data.(io.Closer); ok {
		defer c.Close()
	}
	start := time.Now()
	ctx, span := h.step(ctx, "attachment.process")
	defer span.end(&err)
	var how Outcome
	if err = refused; err == nil {
		p, how, err = h.process(ctx, in)
	}
	took := time.Since(start)
	if err != nil {
		err = AsError(err)
	} else {
		p.ProcessedAt, p.ProcessingTime = h.opts.Now().UnixMilli(), took.Milliseconds()
		span.describe(p, how, h.opts.Backend)
	}
	h.countProcessed(ctx, p, how, err, took)
	h.report(ctx, in, p, err, took)
	return p, err
}

func (h *AttachmentHandler) process(ctx context.Context, in Input) (p *Processed, how Outcome, err error) {
	run, err := h.admit(ctx, in)
	if err != nil {
		return nil, 0, err
	}
	content, err := run.read(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer content.discard()
	begun, err := run.commit(ctx, content)
	if err != nil {
		return nil, 0, err
	}
	h.queueScan(ctx, begun.ScanJob)
	if p, err = run.result(ctx, begun); err != nil {
		return nil, 0, err
	}
	return p, begun.Outcome, nil
}

// execution is one attachment on its way through the handler.
type execution struct {
	*AttachmentHandler
	in      Input
	tenant  tenant.Context
	policy  *policy.Policy
	subject policy.Subject
	name    string // the safe filename
	content string // id of the content it would bring
	key     string // where that content would be stored
	maxSize int64
}

// admit refuses what can be refused before any byte is read.
func (h *AttachmentHandler) admit(ctx context.Context, in Input) (_ *execution, err error) {
	ctx, span := h.step(ctx, "attachment.admit")
	defer span.end(&err)
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	if !tc.Can(tenant.Write, "") {
		return nil, tenant.ErrForbidden
	}
	if in, err = h.complete(in); err != nil {
		return nil, err
	}
	run := &execution{
		AttachmentHandler: h, in: in, tenant: tc,
		policy:  h.opts.Policy(tc.TenantID()),
		subject: subject(in, tc.TenantID()),
		maxSize: min(in.MaxSize, h.opts.MaxSize),
	}
	if in.Size > run.maxSize {
		return nil, tooLarge(run.maxSize)
	}
	named := run.policy.Name(run.subject)
	if err := named.Err(); err != nil {
		return nil, err
	}
	run.name = named.SafeName
	return run, run.address()
}

// address gives the content that this execution would bring an id and a place.
func (run *execution) address() error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make a content id: %w", err)
	}
	run.content = id.String()
	run.key, err = storageKey(run.tenant.TenantID(), run.in.MessageID, run.in.StoragePath, run.content, run.name)
	return err
}

// complete fills in the defaults and checks what Go's types cannot.
func (h *AttachmentHandler) complete(in Input) (Input, error) {
	if in.MaxSize == 0 {
		in.MaxSize = DefaultMaxSize
	}
	if in.URLExpiration == 0 {
		in.URLExpiration = DefaultURLExpiration
	}
	in.ContentHash = strings.ToLower(in.ContentHash)
	switch {
	case in.MessageID == "" || len(in.MessageID) > maxMessageIDBytes:
		return in, invalid("messageId: is required, and at most %d bytes long", maxMessageIDBytes)
	case in.Filename == "" || len(in.Filename) > maxFilenameBytes:
		return in, invalid("filename: is required, and at most %d bytes long", maxFilenameBytes)
	case in.Position < 0 || in.Position > math.MaxInt32:
		return in, invalid("position: is not within 0 to %d", math.MaxInt32)
	case in.Priority < math.MinInt32 || in.Priority > math.MaxInt32:
		return in, invalid("priority: is not within 32 bits")
	case in.Size < 0:
		return in, invalid("size: is negative")
	case in.MaxSize < MinMaxSize || in.MaxSize > MaxMaxSize:
		return in, invalid("maxSize: is not within %d to %d", MinMaxSize, MaxMaxSize)
	case in.URLExpiration < MinURLExpiration || in.URLExpiration > MaxURLExpiration:
		return in, invalid("urlExpirationSeconds: is not within one minute to seven days")
	case in.ContentHash != "" && !isSHA256(in.ContentHash):
		return in, invalid("contentHash: is not a SHA-256 in hex")
	case in.Data == nil && in.Size > 0:
		return in, invalid("attachmentData: is missing")
	case in.VirusScanEndpoint != "" && !slices.Contains(h.opts.ScanEndpoints, in.VirusScanEndpoint):
		return in, &Error{Code: CodeSecurityViolation, Message: "virusScanEndpoint: is not one that this host allows"}
	}
	if in.Encoding != "" {
		var err error
		if in.Encoding, err = parseEncoding(string(in.Encoding)); err != nil {
			return in, invalid("encoding: %v", err)
		}
	}
	return in, nil
}

func subject(in Input, tenantID string) policy.Subject {
	return policy.Subject{Filename: in.Filename, Declared: in.MIMEType, Size: in.Size, TenantID: tenantID}
}

func tooLarge(limit int64) *Error {
	return &Error{Code: CodeSizeLimit, Message: fmt.Sprintf("the attachment is larger than %d bytes", limit)}
}

// queueScan tells the queue. A queue that fails costs time, not the scan: the
// ledger says pending, and the reconciler will find it.
func (h *AttachmentHandler) queueScan(ctx context.Context, job *scan.Job) {
	if job == nil || h.opts.Queue == nil {
		return
	}
	if err := h.enqueue(ctx, *job); err != nil {
		h.opts.Logger.WarnContext(ctx, "scan not enqueued; the reconciler will", "content", job.ContentID, "error", err)
	}
}

func (h *AttachmentHandler) enqueue(ctx context.Context, job scan.Job) (err error) {
	ctx, span := h.step(ctx, "attachment.enqueue")
	defer span.end(&err)
	span.name(job)
	return h.opts.Queue.Enqueue(ctx, job)
}

func (run *execution) result(ctx context.Context, begun Begun) (*Processed, error) {
	record := begun.Record
	p := &Processed{
		AttachmentID:     record.ID,
		Filename:         record.SafeFilename,
		MIMEType:         record.MIMEType,
		Size:             record.Size,
		StorageKey:       record.StorageKey,
		ContentHash:      record.ContentHash,
		VirusScanStatus:  record.VirusScanStatus,
		VirusScanDetails: record.VirusScanDetails,
		IsDeduplicated:   record.IsDeduplicated,
	}
	link, err := run.link(ctx, record)
	if err != nil {
		return nil, err
	}
	p.PresignedURL = link
	return p, nil
}

// link mints the link of the result, where the host has a key for it.
func (run *execution) link(ctx context.Context, record EmailAttachment) (link string, err error) {
	if run.opts.Links == nil {
		return "", nil
	}
	_, span := run.step(ctx, "attachment.link")
	defer span.end(&err)
	return run.Link(record, run.in.URLExpiration)
}

func tenantAttr(ctx context.Context) slog.Attr {
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return slog.String("tenantId", "")
	}
	return slog.String("tenantId", tc.TenantID())
}
