package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	sdk "go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailbox"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// stagedFor is how long a page may wait for its workflow: longer than the node
// is retried.
const stagedFor = 3 * 24 * time.Hour

// work runs a worker until ctx ends.
func work(ctx context.Context, s settings, stderr io.Writer) error {
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	tenants := temporalnode.NewTenants(s.resolve)
	c, err := dial(s, tenants, logger)
	if err != nil {
		return err
	}
	defer c.Close()
	queue := temporalnode.NewScanQueue(c, s.queue)
	h, err := open(ctx, s, queue, logger)
	if err != nil {
		return err
	}
	defer h.Close()
	staging, err := openStaging(s, h)
	if err != nil {
		return err
	}

	mails := &mail{spec: s.mail, staging: staging, maxStage: s.MaxAttachmentSize, options: mailbox.Options{Password: s.imapPassword}}
	if s.mail == testMail {
		mails.options.Placeholders = mailbox.EICAR()
	}
	node := temporalnode.NewNode(h.Handler, staging, &temporalnode.NodeOptions{Stall: s.stall, Parameters: h.Settings.NodeDefaults()})
	verdicts := temporalnode.NewVerdicts(c, h.Handler)
	scans := temporalnode.NewScans(h.Scanner, h.Ledger,
		&scan.WorkerOptions{Lease: 3 * time.Second, OnVerdict: verdicts.OnVerdict, Logger: logger},
		&temporalnode.ScanOptions{Stall: s.stall})
	start := func() (worker.Worker, error) {
		w := worker.New(c, s.queue, worker.Options{
			Interceptors:                       []interceptor.WorkerInterceptor{tenants},
			MaxConcurrentActivityExecutionSize: s.parallel,
			WorkerStopTimeout:                  10 * time.Second,
		})
		register(w)
		mails.register(w)
		node.Register(w)
		verdicts.Register(w)
		scans.Register(w)
		return w, w.Start()
	}

	background, ctx := errgroup.WithContext(ctx)
	background.Go(func() error { return h.Run(ctx) })
	background.Go(func() error {
		return h.Hourly(ctx, "sweep of the staging area", func(ctx context.Context) error {
			_, err := staging.Sweep(ctx, time.Now().Add(-stagedFor))
			return err
		})
	})
	background.Go(func() error { return whileReachable(ctx, h.DB.PingContext, start, stderr) })
	return background.Wait()
}

const (
	lookEvery  = time.Second
	lookWithin = 2 * time.Second
)

// whileReachable has a worker take work only while the database answers ping:
// one without would take from the others what it can only give back.
func whileReachable(ctx context.Context, ping func(context.Context) error, start func() (worker.Worker, error), stderr io.Writer) error {
	var w worker.Worker
	defer func() {
		if w != nil {
			w.Stop()
		}
	}()
	for {
		looking, cancel := context.WithTimeout(ctx, lookWithin)
		err := ping(looking)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && w != nil:
			fmt.Fprintln(stderr, "temporal: worker paused: the database is out of reach")
			w.Stop()
			w = nil
		case err == nil && w == nil:
			started, err := start()
			if err != nil {
				return err
			}
			w = started
			fmt.Fprintln(stderr, "temporal: worker started")
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
}

// register registers the workflows of this host.
func register(r worker.WorkflowRegistry) {
	r.RegisterWorkflowWithOptions(processMailbox, sdk.RegisterOptions{Name: mailboxWorkflow})
	r.RegisterWorkflowWithOptions(processPage, sdk.RegisterOptions{Name: pageWorkflow})
}
