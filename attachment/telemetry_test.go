package attachment_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
)

// observed is a fixture whose telemetry can be read.
type observed struct {
	*fixture
	spans  *tracetest.SpanRecorder
	reader *sdkmetric.ManualReader
	log    bytes.Buffer
}

func observe(t *testing.T, change ...func(*attachment.Options)) *observed {
	t.Helper()
	o := &observed{spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	with := func(opts *attachment.Options) {
		opts.TracerProvider = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(o.spans))
		opts.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(o.reader))
		opts.Logger = slog.New(slog.NewJSONHandler(&o.log, nil))
		opts.Backend = "mem"
	}
	o.fixture = newFixture(t, append([]func(*attachment.Options){with}, change...)...)
	return o
}

// steps are the names of the spans ended since the last call, in that order,
// with the error code of those that failed.
func (o *observed) steps() (names []string) {
	for _, s := range o.spans.Ended() {
		name := strings.TrimPrefix(s.Name(), "attachment.")
		if s.Status().Code == codes.Error {
			name += " " + s.Status().Description
		}
		names = append(names, name)
	}
	o.spans.Reset()
	return names
}

// points are the values of a metric by their attributes; for a histogram, the
// sum, and for one of times, how many there are.
func (o *observed) points(t *testing.T, name string) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, o.reader.Collect(t.Context(), &all))
	found := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != name {
				continue
			}
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					found[label(p.Attributes)] = p.Value
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					found[label(p.Attributes)] = p.Sum
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					found[label(p.Attributes)] = int64(p.Count) //nolint:gosec // a handful
				}
			}
		}
	}
	return found
}

func label(set attribute.Set) string {
	var parts []string
	for _, kv := range set.ToSlice() {
		parts = append(parts, kv.Value.String())
	}
	return strings.Join(parts, " ") // in the order of the keys
}

func TestTelemetryOfEveryEnding(t *testing.T) {
	o := observe(t)
	o.succeed(t, node(content, nil))
	require.Equal(t, []string{"admit", "read", "begin", "publish", "finish", "enqueue", "link", "process"}, o.steps())
	o.succeed(t, node(content, nil)) // a replay: the scan may have got lost
	require.Equal(t, []string{"admit", "read", "begin", "enqueue", "link", "process"}, o.steps())
	o.succeed(t, node(content, map[string]any{"filename": "copy.txt", "enableVirusScan": false}))
	require.Equal(t, []string{"admit", "read", "begin", "enqueue", "link", "process"}, o.steps())

	o.refuse(t, attachment.CodeSecurityViolation, node(content, map[string]any{"filename": "a.pdf.exe"}))
	require.Equal(t, []string{"admit SECURITY_VIOLATION", "process SECURITY_VIOLATION"}, o.steps())
	o.refuse(t, attachment.CodeInvalidParams, node(content, map[string]any{"size": "many"}))
	require.Equal(t, []string{"process INVALID_PARAMS"}, o.steps())
	o.store.Inject(blobtest.Fault{Op: "commit", Temporary: true})
	o.refuse(t, attachment.CodeStorage, node("other", nil))
	require.Equal(t, []string{"admit", "read", "begin", "publish STORAGE_ERROR", "process STORAGE_ERROR"}, o.steps())
	o.refuse(t, attachment.CodeHandler, node(content, map[string]any{"attachmentData": panicking{}}))
	require.Equal(t, []string{"admit", "read panic", "process panic"}, o.steps())

	require.Equal(t, map[string]int64{
		"mem stored text pending":             1,
		"mem replayed text pending":           1,
		"mem deduplicated text pending":       1,
		"mem failed SECURITY_VIOLATION":       1,
		"mem failed INVALID_PARAMS":           1,
		"mem failed STORAGE_ERROR":            1,
		"mem failed ATTACHMENT_HANDLER_ERROR": 1,
	}, o.points(t, "attachment.processed"))
	require.Equal(t, map[string]int64{
		"mem stored text": 1, "mem replayed text": 1, "mem deduplicated text": 1,
		"mem failed SECURITY_VIOLATION": 1, "mem failed INVALID_PARAMS": 1, "mem failed STORAGE_ERROR": 1, "mem failed ATTACHMENT_HANDLER_ERROR": 1,
	}, o.points(t, "attachment.process.duration"))
	size := int64(len(content))
	require.Equal(t, map[string]int64{"mem stored text": size, "mem replayed text": size, "mem deduplicated text": size}, o.points(t, "attachment.process.size"))
	require.Equal(t, map[string]int64{"mem deduplicated text": size}, o.points(t, "attachment.dedup.saved"))
}

// TestSpansTellNoSecrets also shows that the steps hang below one parent.
func TestSpansTellNoSecrets(t *testing.T) {
	o := observe(t)
	processed := o.succeed(t, node(content, map[string]any{"filename": "salaries.txt"}))
	o.store.Inject(blobtest.Fault{Op: "commit"})
	o.refuse(t, attachment.CodeStorage, node("other", map[string]any{"filename": "salaries.txt"}))
	for _, s := range o.spans.Ended() {
		said := s.Name() + s.Status().Description + label(attribute.NewSet(s.Attributes()...))
		require.Empty(t, s.Events())
		for _, secret := range []string{"salaries", "m1@example.com", "sig=", "acme"} {
			require.NotContains(t, said, secret)
		}
		require.Equal(t, s.Name() != "attachment.process", s.Parent().IsValid())
	}
	for _, s := range o.spans.Ended() {
		if s.Name() == "attachment.process" {
			require.ElementsMatch(t, []attribute.KeyValue{
				attribute.String("attachment.id", processed.AttachmentID), attribute.Int64("attachment.size", processed.Size),
				attribute.String("attachment.type", "text"), attribute.String("attachment.mime_type", "text/plain"),
				attribute.String("attachment.outcome", "stored"), attribute.String("scan.status", "pending"), attribute.String("attachment.backend", "mem"),
			}, s.Attributes())
			break
		}
	}
}

func TestTenantIsAnAttributeOnRequest(t *testing.T) {
	o := observe(t, func(opts *attachment.Options) { opts.TenantAttribute = true })
	o.succeed(t, node(content, nil))
	require.Equal(t, map[string]int64{"mem stored text pending acme": 1}, o.points(t, "attachment.processed"))
	for _, s := range o.spans.Ended() {
		require.Contains(t, s.Attributes(), attribute.String("tenant.id", "acme"))
	}
}

// TestHostileInputsAddNoSeries: what a sender declares and names is no
// attribute, and what is detected is one of a few.
func TestHostileInputsAddNoSeries(t *testing.T) {
	o := observe(t)
	for i := range 50 {
		invented := strings.Repeat("x", i+1)
		o.Execute(as("acme"), node(invented, map[string]any{"mimeType": invented + "/" + invented, "filename": invented + "." + invented, "messageId": invented}))
	}
	require.Len(t, o.points(t, "attachment.processed"), 1)
	require.Equal(t, map[string]int64{"mem stored text": 50}, o.points(t, "attachment.process.duration"))
}

func TestSweepIsCounted(t *testing.T) {
	o := observe(t)
	id := o.succeed(t, node(content, nil)).AttachmentID
	require.NoError(t, o.Delete(as("acme"), id))
	o.now = o.now.AddDate(0, 0, 8)
	_, err := o.Sweep(t.Context(), &attachment.SweepOptions{DryRun: true})
	require.NoError(t, err)
	require.Empty(t, o.points(t, "attachment.sweep.removed"))

	_, err = o.Sweep(t.Context(), nil)
	require.NoError(t, err)
	o.now = o.now.AddDate(0, 0, 1) // the content has lost its reference only now
	_, err = o.Sweep(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"mem record": 1, "mem blob": 1, "mem upload": 0}, o.points(t, "attachment.sweep.removed"))
	require.Equal(t, map[string]int64{"mem": int64(len(content))}, o.points(t, "attachment.sweep.freed"))
	require.Equal(t, map[string]int64{"mem": 2}, o.points(t, "attachment.sweep.duration"))
	require.Contains(t, o.steps(), "sweep")
}

func TestEventOfEveryEnding(t *testing.T) {
	o := observe(t)
	event := func() (e map[string]any) {
		require.NoError(t, json.Unmarshal(o.log.Bytes(), &e))
		o.log.Reset()
		delete(e, "time")
		require.IsType(t, float64(0), e["processingTime"])
		delete(e, "processingTime")
		return e
	}
	processed := o.succeed(t, node(content, nil))
	require.Equal(t, map[string]any{
		"level": "INFO", "msg": "attachment_processed", "attachmentId": processed.AttachmentID,
		"fileSize": float64(len(content)), "mimeType": "text/plain", "virusScanStatus": "pending", "isDeduplicated": false,
		"storageBackend": "mem", "tenantId": "acme",
	}, event())
	duplicate := o.succeed(t, node(content, map[string]any{"filename": "copy.txt"}))
	e := event()
	require.Equal(t, duplicate.AttachmentID, e["attachmentId"])
	require.Equal(t, true, e["isDeduplicated"])

	o.refuse(t, attachment.CodeInvalidParams, node(content, map[string]any{"size": "many"}))
	e = event()
	require.Equal(t, "attachment_refused", e["msg"])
	require.Equal(t, "INVALID_PARAMS", e["errorCode"])
	require.Equal(t, "acme", e["tenantId"])
}
