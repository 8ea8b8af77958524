package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// host is the library wired together. Read wire to see how.
type host struct {
	settings   settings
	handler    *attachment.AttachmentHandler
	ledger     scan.Ledger
	pool       *scan.Pool
	reconciler *scan.Reconciler
	protect    func(http.Handler) http.Handler
	logger     *slog.Logger
	closers    []func() error
}

func openHost(ctx context.Context, s settings, logger *slog.Logger) (*host, error) {
	h := &host{settings: s, logger: logger}
	if err := h.wire(ctx, s, logger); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *host) wire(ctx context.Context, s settings, logger *slog.Logger) error {
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return err
	}

	// Bytes go to files or to S3, each tenant in a namespace of its own.
	backend, blobs, err := openStore(ctx, s)
	if err != nil {
		return err
	}
	store := tenant.NewStore(blobs, nil)

	// Records go to SQLite or PostgreSQL.
	db, repo, err := openRecords(ctx, s, logger)
	if err != nil {
		return err
	}
	h.closers = append(h.closers, db.Close)

	// Verdicts come from a pool in this process; the reconciler finds what a
	// crash left without one.
	scanner, err := openScanner(s, logger)
	if err != nil {
		return err
	}
	h.ledger = attachment.NewLedger(store, repo)
	h.pool = scan.NewPool(scan.NewWorker(scanner, h.ledger, &scan.WorkerOptions{Lease: 3 * time.Second, Logger: logger}), nil)
	h.reconciler = scan.NewReconciler(h.ledger, h.pool, &scan.ReconcilerOptions{Interval: time.Second, Logger: logger})

	// Links are signed with keys that survive restarts.
	links, err := openLinks(s)
	if err != nil {
		return err
	}

	h.handler, err = attachment.New(store, repo, &attachment.Options{
		Queue:      h.pool,
		ScanPolicy: scanPolicy(s),
		Links:      links,
		BaseURL:    baseURL(s),
		MaxSize:    s.MaxAttachmentSize,
		Retention:  func(string) time.Duration { return s.Retention },
		Backend:    backend,
		Logger:     logger,
	})
	if err != nil {
		return err
	}

	// Callers show a token; on a developer's machine there is only one.
	protect, closeAccess, err := openAccess(s, logger)
	if err != nil {
		return err
	}
	h.protect, h.closers = protect, append(h.closers, closeAccess)
	return nil
}

// close is for a host on which nothing runs any more.
func (h *host) close() {
	for _, shut := range h.closers {
		if err := shut(); err != nil {
			h.logger.Warn("close", "error", err)
		}
	}
}

// sweepHourly removes what has come to its end.
func (h *host) sweepHourly(ctx context.Context) error {
	for {
		if _, err := h.handler.Sweep(ctx, nil); err != nil && !errors.Is(err, context.Canceled) {
			h.logger.Warn("sweep failed; the next one goes on", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Hour):
		}
	}
}
