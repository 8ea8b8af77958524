package riverqueue_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// BenchmarkEnqueue is what a handler waits for: a job that is new, and one
// that is there already.
func BenchmarkEnqueue(b *testing.B) {
	pg := startCluster(b)
	for name, id := range map[string]func(n int) string{
		"new":       func(n int) string { return fmt.Sprint(n) },
		"duplicate": func(int) string { return "one" },
	} {
		b.Run(name, func(b *testing.B) {
			h := openPgx(b, pg.database(b), setup{})
			n := 0
			for b.Loop() {
				n++
				require.NoError(b, h.queue.Enqueue(b.Context(), scan.Job{TenantID: "acme", ContentID: id(n)}))
			}
		})
	}
}

// BenchmarkVerdict is the time from an upload to its verdict, one after the
// other, with a scanner that costs nothing.
func BenchmarkVerdict(b *testing.B) {
	verdicts := make(chan struct{}, 1)
	h := openPgx(b, startCluster(b).database(b), setup{options: scan.WorkerOptions{
		OnVerdict: func(context.Context, scan.Job, scan.Outcome) { verdicts <- struct{}{} },
	}})
	h.start(b)
	n := 0
	for b.Loop() {
		n++
		h.upload(b, "acme", fmt.Sprint("note ", n))
		<-verdicts
	}
}

// BenchmarkBacklog is the throughput of a backlog of 1,000, with four scans at
// once.
func BenchmarkBacklog(b *testing.B) {
	pg := startCluster(b)
	for b.Loop() {
		b.StopTimer()
		verdicts := make(chan struct{}, 1000)
		h := openPgx(b, pg.database(b), setup{options: scan.WorkerOptions{
			OnVerdict: func(context.Context, scan.Job, scan.Outcome) { verdicts <- struct{}{} },
		}})
		for n := range cap(verdicts) {
			h.upload(b, "acme", fmt.Sprint("note ", n))
		}
		b.StartTimer()
		require.NoError(b, h.client.Start(b.Context()))
		for range cap(verdicts) {
			<-verdicts
		}
		b.StopTimer()
		require.NoError(b, h.client.Stop(b.Context()))
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N*1000)/b.Elapsed().Seconds(), "scans/s")
}
