package bench

import (
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// BenchmarkMemory reports how much the heap grows at most while the pipeline
// takes an attachment to the file system: given as 50 MB of base64 in a string
// (relative to the decoded size) or from a reader, and as 100 MB against
// BENCH_PEAK_MIB mebibytes, 512 by default. The worst round counts.
func BenchmarkMemory(b *testing.B) {
	const decoded = 50_000_000
	p := newPipeline(b, "t1", openFS(b), openSQLite(b))
	round := 0
	b.Run("string", func(b *testing.B) {
		var worst int64
		for ; b.Loop(); round++ {
			text := encoded(b, round, decoded)
			worst = max(worst, peakOf(func() { execute(b, p, text, decoded) }))
		}
		b.ReportMetric(float64(worst)/decoded, "x-decoded")
	})
	b.Run("reader", func(b *testing.B) {
		var worst int64
		for ; b.Loop(); round++ {
			text := encoded(b, round, decoded)
			worst = max(worst, peakOf(func() { execute(b, p, struct{ io.Reader }{strings.NewReader(text)}, decoded) }))
		}
		b.ReportMetric(float64(worst)/(1<<20), "peak-MiB")
	})
	b.Run("size", func(b *testing.B) {
		large := ours(p)
		peak := func(size int64) (highest int64) {
			highest = peakOf(func() {
				_, err := large.take(b.Context(), newSource(round, size), size)
				require.NoError(b, err)
			})
			require.NoError(b, large.remove(b.Context()))
			round++
			return highest
		}
		var small, huge int64
		for b.Loop() {
			small = max(small, peak(100_000_000))
			huge = max(huge, peak(mebibytes(b, "BENCH_PEAK_MIB", 512)))
		}
		b.ReportMetric(float64(small)/(1<<20), "small-MiB")
		b.ReportMetric(float64(huge)/(1<<20), "large-MiB")
		b.ReportMetric(float64(huge-small)/(1<<20), "apart-MiB")
	})
}

// encoded is a source as text, as the JSON of a workflow brings it.
func encoded(tb testing.TB, serial int, size int64) string {
	tb.Helper()
	var text strings.Builder
	text.Grow(base64.StdEncoding.EncodedLen(int(size)))
	w := base64.NewEncoder(base64.StdEncoding, &text)
	_, err := io.Copy(w, newSource(serial, size))
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return text.String()
}

// execute runs the node on base64, a string or a reader.
func execute(tb testing.TB, p *pipeline, data any, size int64) {
	tb.Helper()
	result := p.Execute(p.ctx, attachment.Node{ID: "n", Type: attachment.NodeType, Parameters: map[string]any{
		"messageId": "m", "filename": "data.bin1", "size": size, "attachmentData": data, "encoding": "base64",
	}})
	require.Equal(tb, attachment.StatusSuccess, result.Status, result.Error)
	require.Equal(tb, size, result.Output.Data.Size)
	require.False(tb, result.Output.Data.IsDeduplicated)
}
