package attachment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

// AttachmentHandler is the node. It is safe for concurrent use and owns no
// goroutine.
type AttachmentHandler struct {
	telemetry

	store   blob.Store
	repo    Repository
	opts    Options
	buffers sync.Pool // *[]byte of bufferSize
}

// New returns a handler over a blob store and a repository. opts may be nil.
func New(store BlobStore, repo Repository, opts *Options) (*AttachmentHandler, error) {
	if store == nil || repo == nil {
		return nil, errors.New("attachment: New needs a store and a repository")
	}
	h := &AttachmentHandler{store: store, repo: repo, opts: opts.withDefaults()}
	h.telemetry = newTelemetry(&h.opts)
	h.buffers.New = func() any { b := make([]byte, bufferSize); return &b }
	return h, nil
}

// Execute runs the node: parameters in, result out. The tenant comes from ctx.
// Whatever goes wrong is in the result; it never panics. A node without a type is
// taken for one of this.
func (h *AttachmentHandler) Execute(ctx context.Context, node Node) (result Result) {
	start := h.opts.Now()
	defer func() {
		if p := recover(); p != nil {
			h.opts.Logger.ErrorContext(ctx, "attachment handler panicked", "node", node.ID, "panic", p, "stack", string(debug.Stack()))
			err := &Error{Code: CodeHandler, Message: "the attachment could not be processed"}
			h.countProcessed(ctx, nil, 0, err, h.opts.Now().Sub(start))
			result = h.failure(start, err)
		}
	}()
	in, err := h.read(ctx, node)
	processed, err := h.account(ctx, in, err)
	if err != nil {
		return h.failure(start, err)
	}
	now := h.opts.Now()
	return Result{
		Status:    StatusSuccess,
		Output:    &Output{Status: StatusProcessed, Data: *processed},
		Timestamp: now.UnixMilli(),
		Duration:  now.Sub(start).Milliseconds(),
	}
}

// read turns a node's parameters into an Input, opening a reference where the
// data is one.
func (h *AttachmentHandler) read(ctx context.Context, node Node) (Input, error) {
	r := &reader{values: node.Parameters}
	in, ref := r.input()
	if node.Type != "" && node.Type != NodeType {
		return in, invalid("node %q is of type %q, not %q", node.ID, node.Type, NodeType)
	}
	if len(r.problems) > 0 {
		return in, invalid("%s", strings.Join(r.problems, "; "))
	}
	if ref == nil {
		return in, nil
	}
	if h.opts.Source == nil {
		return in, invalid("attachmentData: this host opens no references")
	}
	in.Data = OpenLater(ctx, h.opts.Source, *ref)
	return in, nil
}

func invalid(format string, args ...any) *Error {
	return &Error{Code: CodeInvalidParams, Message: fmt.Sprintf(format, args...)}
}

// failure is the result for err. The cause goes to the log, not to the user.
func (h *AttachmentHandler) failure(start time.Time, err error) Result {
	e := AsError(err)
	now := h.opts.Now()
	return Result{
		Status:    StatusError,
		Error:     e.Message,
		ErrorCode: e.Code,
		Retryable: &e.Retryable,
		Timestamp: now.UnixMilli(),
		Duration:  now.Sub(start).Milliseconds(),
	}
}

// Validate judges a node as a workflow editor would, before it runs: values
// that are still templates count as right, and what Execute would refuse
// because of a name is a warning here.
func (h *AttachmentHandler) Validate(node Node) Validation {
	r := &reader{values: node.Parameters, templates: true}
	in, _ := r.input()
	v := Validation{Errors: r.problems, Warnings: []string{}}
	if node.Type != NodeType {
		v.Errors = append(v.Errors, fmt.Sprintf("type: must be %q", NodeType))
	}
	for name := range node.Parameters {
		if !slices.Contains(parameters, name) {
			v.Warnings = append(v.Warnings, name+": is not a parameter of this node")
		}
	}
	v.Warnings = append(v.Warnings, h.forebodings(in, r)...)
	slices.Sort(v.Warnings)
	if v.Errors == nil {
		v.Errors = []string{}
	}
	v.Valid = len(v.Errors) == 0
	return v
}

// forebodings are the reasons for which Execute would refuse what it can
// already see.
func (h *AttachmentHandler) forebodings(in Input, r *reader) []string {
	var warnings []string
	if in.Size > min(in.MaxSize, h.opts.MaxSize) {
		warnings = append(warnings, "size: is over the limit and would be refused")
	}
	if in.Filename != "" {
		if d := h.opts.Policy("").Name(subject(in, "")); !d.Allow {
			warnings = append(warnings, "filename: "+d.Message)
		}
	}
	if in.VirusScanEndpoint != "" && !slices.Contains(h.opts.ScanEndpoints, in.VirusScanEndpoint) {
		warnings = append(warnings, "virusScanEndpoint: is not one that this host allows")
	}
	if in.SkipVirusScan {
		warnings = append(warnings, "enableVirusScan: attachments will be served without a scan")
	}
	if _, given := r.values["attachmentData"]; !given {
		warnings = append(warnings, "attachmentData: is missing; only an empty attachment can do without")
	}
	return warnings
}

// report logs how one attachment ended.
func (h *AttachmentHandler) report(ctx context.Context, in Input, p *Processed, err error, took time.Duration) {
	if err == nil {
		h.opts.Logger.LogAttrs(ctx, slog.LevelInfo, "attachment_processed",
			slog.String("attachmentId", p.AttachmentID),
			slog.Int64("processingTime", took.Milliseconds()),
			slog.Int64("fileSize", p.Size),
			slog.String("mimeType", p.MIMEType),
			slog.String("virusScanStatus", string(p.VirusScanStatus)),
			slog.Bool("isDeduplicated", p.IsDeduplicated),
			slog.String("storageBackend", h.opts.Backend),
			tenantAttr(ctx))
		return
	}
	e := AsError(err)
	h.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "attachment_refused",
		slog.String("errorCode", string(e.Code)),
		slog.Bool("retryable", e.Retryable),
		slog.String("messageId", in.MessageID),
		slog.String("filename", in.Filename),
		slog.String("error", e.Error()),
		slog.Int64("processingTime", took.Milliseconds()),
		tenantAttr(ctx))
}
