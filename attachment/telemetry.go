package attachment

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

const scopeName = "github.com/metabuilder/workflow-plugin-attachment-handler/attachment"

// telemetry is what a handler tells OpenTelemetry. Without providers it costs
// nothing: no span, no attribute, no allocation.
//
// No filename, message id, key, link or error text goes out: traces and metrics
// are read by more people, and kept longer, than the attachments themselves.
type telemetry struct {
	tracer   trace.Tracer // nil: none
	meter    *meter       // nil: none
	byTenant bool
}

func newTelemetry(o *Options) telemetry {
	t := telemetry{byTenant: o.TenantAttribute}
	if o.TracerProvider != nil {
		t.tracer = o.TracerProvider.Tracer(scopeName)
	}
	if o.MeterProvider != nil {
		t.meter = newMeter(o.MeterProvider, o.Backend)
	}
	return t
}

// span is one step on its way; the zero span is none.
type span struct{ trace.Span }

// step begins a span. It is ended with
//
//	defer span.end(&err)
func (t *telemetry) step(ctx context.Context, name string) (context.Context, span) {
	if t.tracer == nil {
		return ctx, span{}
	}
	ctx, s := t.tracer.Start(ctx, name)
	if s.IsRecording() {
		s.SetAttributes(t.whose(ctx)...)
	}
	return ctx, span{s}
}

// end ends the span as err says. A panic goes on, but not unseen.
func (s span) end(err *error) {
	if s.Span == nil {
		return
	}
	defer s.End()
	if p := recover(); p != nil {
		s.SetStatus(codes.Error, "panic")
		panic(p)
	}
	if *err == nil || !s.IsRecording() {
		return
	}
	e := AsError(*err)
	s.SetStatus(codes.Error, errorType(e.Code))
	s.SetAttributes(attribute.String("error.type", errorType(e.Code)), attribute.Bool("attachment.retryable", e.Retryable))
}

// describe says of the attachment what a trace may know.
func (s span) describe(p *Processed, how Outcome, backend string) {
	if s.Span == nil || !s.IsRecording() {
		return
	}
	s.SetAttributes(
		attribute.String("attachment.id", p.AttachmentID),
		attribute.Int64("attachment.size", p.Size),
		attribute.String("attachment.type", family(p.MIMEType)),
		attribute.String("attachment.mime_type", p.MIMEType),
		attribute.String("attachment.outcome", outcomeName(how)),
		attribute.String("scan.status", string(p.VirusScanStatus)),
		attribute.String("attachment.backend", backend),
	)
}

// name says which scan the queue is told of, to find its trace.
func (s span) name(job scan.Job) {
	if s.Span != nil && s.IsRecording() {
		s.SetAttributes(attribute.String("scan.content_id", job.ContentID))
	}
}

// whose is the opt-in attribute.
func (t *telemetry) whose(ctx context.Context) []attribute.KeyValue {
	if !t.byTenant {
		return nil
	}
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return nil
	}
	return []attribute.KeyValue{attribute.String("tenant.id", tc.TenantID())}
}

// outcomeName is how an execution ended; the zero Outcome is none.
func outcomeName(how Outcome) string {
	switch how {
	case Stored:
		return "stored"
	case Attached:
		return "deduplicated"
	case Replayed:
		return "replayed"
	default:
		return "failed"
	}
}

// errorType is code, or a stand-in for one that a host has made up: a Source
// chooses its own.
func errorType(code Code) string {
	switch code {
	case CodeInvalidParams, CodeSizeLimit, CodeSecurityViolation, CodeInvalidMIMEType, CodeStorage,
		CodeContentMismatch, CodeQuotaExceeded, CodeForbidden, CodeDatabase, CodeHandler:
		return string(code)
	}
	return "_OTHER"
}

// family is what kind of file a type is. The set is closed, so that no sender
// can invent time series.
func family(mime string) string {
	if t, known := detect.ByMIME(mime); known {
		return string(t.Family)
	}
	return "other"
}
