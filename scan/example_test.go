package scan_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// What a host wires together. Its ledger is attachment.NewLedger; its scanner
// is clamd or VirusTotal, or both in a Chain.
func Example() {
	ledger := scantest.NewLedger()
	done := make(chan scan.Outcome)
	worker := scan.NewWorker(eicar.New(nil), ledger, &scan.WorkerOptions{
		OnVerdict: func(_ context.Context, _ scan.Job, outcome scan.Outcome) { done <- outcome },
	})
	pool := scan.NewPool(worker, nil)
	reconciler := scan.NewReconciler(ledger, pool, nil)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { _ = pool.Run(ctx) }()
	job := ledger.Add("acme", scantest.NewObject(eicar.TestFile()))
	go func() { _ = reconciler.Run(ctx) }() // finds the job, though nobody enqueued it

	outcome := <-done
	fmt.Println(outcome.Status, outcome.Result.Threat)
	fmt.Println("served:", scan.Policy{}.Serves(job.TenantID, outcome.Status))
	// Output:
	// infected EICAR-Test-File
	// served: false
}

// A scanner that is unsure convinces nobody.
func ExampleAll() {
	sure := scantest.NewFake()
	down := scantest.NewFake(scantest.Step{Err: &scan.Error{Scanner: "second", Op: "dial", Err: scan.ErrUnavailable, Temporary: true}})

	res, err := scan.All(sure, down).Scan(context.Background(), scantest.NewObject([]byte("hello")))
	fmt.Println(res.Verdict, errors.Is(err, scan.ErrUnavailable), scan.Retryable(err))
	// Output: unknown true true
}
