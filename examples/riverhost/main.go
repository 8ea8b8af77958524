// Riverhost is mailhost with its scans in a queue that lasts: River, on the
// PostgreSQL of DATABASE_URL. Several of them share the scans; what one had in
// hand when it was killed, another takes up. Everything else is as in mailhost.
//
//	cd examples/riverhost && DATABASE_URL=postgres://… go run . -mail ~/Maildir
package main

import (
	"context"
	"errors"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/host"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailhost/app"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/riverqueue"
)

func main() { os.Exit(app.Main(&app.Options{NewScans: newScans})) }

func newScans(ctx context.Context, h *host.Host) (host.Scans, error) {
	if h.Settings.Database.Postgres == "" {
		return host.Scans{}, errors.New("DATABASE_URL: River needs a PostgreSQL, postgres://…")
	}
	pool, err := pgxpool.New(ctx, string(h.Settings.Database.Postgres))
	if err != nil {
		return host.Scans{}, errors.New("DATABASE_URL: not a PostgreSQL URL that pgx takes") // err may show it
	}
	scans, err := queueOn(ctx, pool, h)
	if err != nil {
		pool.Close()
	}
	return scans, err
}

func queueOn(ctx context.Context, pool *pgxpool.Pool, h *host.Host) (host.Scans, error) {
	driver := riverpgxv5.New(pool)
	if err := riverqueue.Migrate(ctx, driver); err != nil {
		return host.Scans{}, err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, riverqueue.NewWorker(h.Worker))
	client, err := river.NewClient(driver, &river.Config{
		Workers: workers,
		Queues:  map[string]river.QueueConfig{riverqueue.DefaultQueue: {MaxWorkers: 8}},
		Logger:  h.Settings.Logger,
	})
	if err != nil {
		return host.Scans{}, err
	}
	run := func(ctx context.Context) error {
		if err := client.Start(ctx); err != nil {
			return err
		}
		<-ctx.Done() // which stops it, after the scans in hand
		<-client.Stopped()
		return nil
	}
	return host.Scans{Queue: riverqueue.NewQueue(client, nil), Run: run, Close: pool.Close}, nil
}
