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

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/claimcheck"
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

	w := worker.New(c, s.queue, worker.Options{
		Interceptors:                       []interceptor.WorkerInterceptor{tenants},
		MaxConcurrentActivityExecutionSize: s.parallel,
		WorkerStopTimeout:                  10 * time.Second,
	})
	register(w)
	mails := &mail{spec: s.mail, staging: staging, maxStage: s.MaxAttachmentSize, options: mailbox.Options{Password: s.imapPassword}}
	if s.mail == testMail {
		mails.options.Placeholders = mailbox.EICAR()
	}
	mails.register(w)
	temporalnode.NewNode(h.Handler, staging, &temporalnode.NodeOptions{
		Stall: s.stall,
		Parameters: map[string]any{
			"maxSize":              s.MaxAttachmentSize,
			"urlExpirationSeconds": int64(s.LinkLifetime / time.Second),
		},
	}).Register(w)
	verdicts := temporalnode.NewVerdicts(c, h.Handler)
	verdicts.Register(w)
	temporalnode.NewScans(h.Scanner, h.Ledger,
		&scan.WorkerOptions{Lease: 3 * time.Second, OnVerdict: verdicts.OnVerdict, Logger: logger},
		&temporalnode.ScanOptions{Stall: s.stall}).Register(w)

	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	fmt.Fprintln(stderr, "temporal: worker started")
	background, ctx := errgroup.WithContext(ctx)
	background.Go(func() error { return h.Run(ctx) })
	background.Go(func() error { return sweepHourly(ctx, staging, logger) })
	return background.Wait()
}

// register registers the workflows of this host.
func register(r worker.WorkflowRegistry) {
	r.RegisterWorkflowWithOptions(processMailbox, sdk.RegisterOptions{Name: mailboxWorkflow})
	r.RegisterWorkflowWithOptions(processPage, sdk.RegisterOptions{Name: pageWorkflow})
}

// sweepHourly removes what was staged and never released.
func sweepHourly(ctx context.Context, staging *claimcheck.Staging, logger *slog.Logger) error {
	for {
		if _, err := staging.Sweep(ctx, time.Now().Add(-stagedFor)); err != nil && ctx.Err() == nil {
			logger.Warn("staging not swept; the next time goes on", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Hour):
		}
	}
}
