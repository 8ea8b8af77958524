package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the driver of sqlrepo.OpenSQLite

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/clamd"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// host is the library wired together. Read openHost to see how.
type host struct {
	handler    *attachment.AttachmentHandler
	ledger     scan.Ledger
	pool       *scan.Pool
	reconciler *scan.Reconciler
	db         *sqlx.DB
	logger     *slog.Logger
}

func openHost(ctx context.Context, s settings, logger *slog.Logger) (*host, error) {
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, err
	}
	// Bytes go to the file system, each tenant in a namespace of its own.
	files, err := fsblob.New(filepath.Join(s.data, "blobs"), nil)
	if err != nil {
		return nil, err
	}
	store := tenant.NewStore(files, nil)

	// Records go to SQLite.
	db, err := sqlrepo.OpenSQLite(filepath.Join(s.data, "records.db"))
	if err != nil {
		return nil, err
	}
	repo := sqlrepo.NewSQLite(db)
	if err := repo.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}

	// Verdicts come from a pool in this process; the reconciler finds what a
	// crash left without one.
	scanner, err := openScanner(s, logger)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	ledger := attachment.NewLedger(store, repo)
	pool := scan.NewPool(scan.NewWorker(scanner, ledger, &scan.WorkerOptions{Lease: 3 * time.Second, Logger: logger}), nil)

	// Links are signed with a key that survives restarts.
	secret, err := linkSecret(filepath.Join(s.data, "link.key"))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	links, err := blob.NewLinkSigner([]blob.LinkKey{{ID: "1", Secret: secret}}, nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}

	handler, err := attachment.New(store, repo, &attachment.Options{
		Queue: pool, Links: links, BaseURL: "http://" + s.addr, Backend: "filesystem", Logger: logger,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &host{
		handler: handler, ledger: ledger, pool: pool, db: db, logger: logger,
		reconciler: scan.NewReconciler(ledger, pool, &scan.ReconcilerOptions{Interval: time.Second, Logger: logger}),
	}, nil
}

func (h *host) close() { _ = h.db.Close() }

func openScanner(s settings, logger *slog.Logger) (scan.Scanner, error) {
	if s.clamd == "" {
		return eicar.New(logger), nil
	}
	return clamd.New(strings.Split(s.clamd, ","), &clamd.Options{MaxStreamSize: attachment.DefaultMaxSize, Logger: logger})
}

// sweepHourly removes what has come to its end.
func (h *host) sweepHourly(ctx context.Context) error {
	for {
		if _, err := h.handler.Sweep(ctx, nil); err != nil && ctx.Err() == nil {
			h.logger.Warn("sweep failed; the next one goes on", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Hour):
		}
	}
}

// linkSecret reads the signing key, or makes one on the first run.
func linkSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	secret = []byte(rand.Text() + rand.Text())
	temp := path + ".new"
	if err := os.WriteFile(temp, secret, 0o600); err != nil {
		return nil, fmt.Errorf("keep the link signing key: %w", err)
	}
	return secret, os.Rename(temp, path)
}
