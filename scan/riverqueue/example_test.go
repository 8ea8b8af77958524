package riverqueue_test

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/riverqueue"
)

// The wiring of a process that takes attachments in and scans them. One that
// only takes them in leaves Queues out and does not start its client; one that
// only scans has no handler.
func Example() {
	run := func(ctx context.Context, pool *pgxpool.Pool, scanner scan.Scanner, store attachment.BlobStore, repo attachment.Repository) (err error) {
		driver := riverpgxv5.New(pool)
		if err := riverqueue.Migrate(ctx, driver); err != nil {
			return err
		}
		ledger := attachment.NewLedger(store, repo)
		workers := river.NewWorkers()
		river.AddWorker(workers, riverqueue.NewWorker(scan.NewWorker(scanner, ledger, nil)))
		client, err := river.NewClient(driver, &river.Config{
			Workers: workers,
			Queues:  map[string]river.QueueConfig{riverqueue.DefaultQueue: {MaxWorkers: 8}},
		})
		if err != nil {
			return err
		}
		queue := riverqueue.NewQueue(client, nil)
		handler, err := attachment.New(store, repo, &attachment.Options{Queue: queue})
		if err != nil {
			return err
		}
		_ = handler // register it with the workflow engine

		if err := client.Start(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, client.Stop(context.WithoutCancel(ctx))) }()
		return scan.NewReconciler(ledger, queue, nil).Run(ctx)
	}
	_ = run
}
