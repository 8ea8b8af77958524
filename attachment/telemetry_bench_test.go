package attachment_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// BenchmarkProcess runs the same small attachment again and again: a replay,
// the shortest way through, where telemetry weighs most.
func BenchmarkProcess(b *testing.B) {
	data := []byte(content)
	for name, change := range map[string]func(*attachment.Options){
		"no providers": func(*attachment.Options) {},
		"metrics": func(o *attachment.Options) {
			o.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
		},
		"unsampled traces": func(o *attachment.Options) {
			o.TracerProvider = sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
		},
		"traces": func(o *attachment.Options) { o.TracerProvider = sdktrace.NewTracerProvider() },
	} {
		b.Run(name, func(b *testing.B) {
			var opts attachment.Options
			change(&opts)
			f, err := attachment.New(memblob.New(nil), attachmenttest.NewRepository(), &opts)
			require.NoError(b, err)
			ctx := as("acme")
			b.ReportAllocs()
			for b.Loop() {
				_, err := f.Process(ctx, attachment.Input{MessageID: "m1", Filename: "notes.txt", Data: bytes.NewReader(data), Size: int64(len(data))})
				require.NoError(b, err)
			}
		})
	}
}
