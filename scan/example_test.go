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

// A list of one's own, asked before the scanner that reads the bytes. A hash that
// is not on it says nothing: Unknown, never Clean.
func ExampleScannerFunc() {
	recalled := scantest.NewObject([]byte("the invoice that went to the wrong people"))
	names := map[string]string{recalled.SHA256: "Recalled.2026-03"}
	list := scan.ScannerFunc(func(_ context.Context, obj scan.Object) (scan.Result, error) {
		if name, listed := names[obj.SHA256]; listed {
			return scan.Result{Verdict: scan.Infected, Threat: name, Engine: "own list", ByHash: true}, nil
		}
		return scan.Result{Engine: "own list"}, nil
	})
	scanner := scan.Chain(list, eicar.New(nil)) // or clamd

	for _, obj := range []scan.Object{recalled, scantest.NewObject([]byte("hello"))} {
		res, err := scanner.Scan(context.Background(), obj)
		fmt.Println(res.Verdict, res.Threat, err)
	}
	// Output:
	// infected Recalled.2026-03 <nil>
	// clean  <nil>
}

// A scanner that is unsure convinces nobody.
func ExampleAll() {
	sure := scantest.NewFake()
	down := scantest.NewFake(scantest.Step{Err: &scan.Error{Scanner: "second", Op: "dial", Err: scan.ErrUnavailable, Temporary: true}})

	res, err := scan.All(sure, down).Scan(context.Background(), scantest.NewObject([]byte("hello")))
	fmt.Println(res.Verdict, errors.Is(err, scan.ErrUnavailable), scan.Retryable(err))
	// Output: unknown true true
}
