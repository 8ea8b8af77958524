// Package host wires the library together as a service does: bytes, records,
// scans, links and access, each as the environment says. The example hosts are
// built on it; read wire to see how it is done.
//
//	h, err := host.Open(ctx, host.Settings{Config: config, Data: dir, Logger: logger})
//	if err != nil { … }
//	defer h.Close()
//	group, ctx := errgroup.WithContext(ctx)
//	group.Go(func() error { return h.Run(ctx) }) // scans, reconciles and sweeps until ctx ends
//	h.Handler.Execute(ctx, node)
//	err = group.Wait()
//
// # Who lives here
//
//   - [Open], [Host]: the library wired together.
//   - [Settings]: the environment, read by package hostenv, and what a program
//     adds to it.
//   - [Scans]: who does the scans, in this process or beyond it.
//   - store.go, records.go, scanner.go, links.go: the parts. access.go: who may
//     call. background.go: what runs beside the work.
//   - [Examine]: the doctor, in doctor*.go: what is wrong with a part, and what to
//     do about it.
//   - [Host.Health]: whether this host lives, and whether it can serve.
package host

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/hostenv"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/clamd"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// Settings are what a host is made of.
type Settings struct {
	hostenv.Config

	// Data is the folder for what the environment puts nowhere else.
	Data string

	// Addr is where this host serves: links begin with it if neither BASE_URL
	// nor a login is set. Defaults to "": links are paths.
	Addr string

	// Source opens attachment data that nodes name by reference. Defaults to
	// none.
	Source attachment.Source

	// NewScans says who does the scans. Defaults to a scan.Pool in this process.
	NewScans func(ctx context.Context, h *Host) (Scans, error)

	// OnVerdict is told of every verdict reached here. Defaults to nothing.
	OnVerdict func(ctx context.Context, job scan.Job, outcome scan.Outcome)

	// TracerProvider and MeterProvider receive what the library traces and
	// measures. Default to none.
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider

	// Logger gets what the library and the host log. Required.
	Logger *slog.Logger
}

// NodeDefaults are the parameters of attachment-handler that the environment
// sets where a workflow leaves them open.
func (s Settings) NodeDefaults() map[string]any {
	return map[string]any{
		"maxSize":              s.MaxAttachmentSize,
		"urlExpirationSeconds": int64(s.LinkLifetime / time.Second),
	}
}

// Scans is a queue of scans and what takes from it.
type Scans struct {
	Queue scan.Queue
	Run   func(ctx context.Context) error // until ctx ends; nil if it runs elsewhere
	Close func()                          // what the host calls at its end; nil if there is nothing to close

	// Interval is the time between two looks for lost scans. A queue that asks
	// a server for each wants fewer. Defaults to one second.
	Interval time.Duration
}

// Host is the library wired together. Its fields are for reading.
type Host struct {
	Settings Settings
	Handler  *attachment.AttachmentHandler
	Ledger   scan.Ledger
	Worker   *scan.Worker // does one scan
	Scanner  scan.Scanner
	Store    blob.Store // scoped to the tenant in ctx
	Blobs    blob.Store // the same without that, for what keeps tenants apart itself
	DB       *sqlx.DB
	Links    *blob.LinkSigner

	// Protect authenticates: it goes around whatever acts for a caller.
	Protect func(http.Handler) http.Handler

	clamd      *clamd.Scanner // nil: there is none
	scans      Scans
	prober     prober
	reconciler *scan.Reconciler
	closers    []func() error
}

// Open wires a host. Nothing runs yet. The caller closes it.
func Open(ctx context.Context, s Settings) (*Host, error) {
	h := &Host{Settings: s}
	if err := h.wire(ctx, s); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (h *Host) wire(ctx context.Context, s Settings) error {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return err
	}

	// Bytes go to files or to S3, each tenant in a namespace of its own.
	backend, blobs, err := openStore(ctx, s)
	if err != nil {
		return err
	}
	if files, ok := blobs.(io.Closer); ok {
		h.closers = append(h.closers, files.Close)
	}
	h.Blobs, h.Store = blobs, tenant.NewStore(blobs, &tenant.StoreOptions{MeterProvider: s.MeterProvider})

	// Records go to SQLite or PostgreSQL.
	db, repo, err := openRecords(ctx, s)
	if err != nil {
		return err
	}
	h.DB, h.closers = db, append(h.closers, db.Close)

	// Verdicts come from a queue of scans; the reconciler finds what a crash
	// left without one.
	if h.Scanner, h.clamd, err = openScanner(s); err != nil {
		return err
	}
	h.Ledger = attachment.NewLedger(h.Store, repo)
	h.Worker = scan.NewWorker(h.Scanner, h.Ledger, &scan.WorkerOptions{
		Lease: 3 * time.Second, OnVerdict: s.OnVerdict,
		TracerProvider: s.TracerProvider, MeterProvider: s.MeterProvider, Logger: s.Logger,
	})
	if h.scans, err = h.openScans(ctx, s); err != nil {
		return err
	}
	h.reconciler = scan.NewReconciler(h.Ledger, h.scans.Queue, &scan.ReconcilerOptions{
		Interval: cmp.Or(h.scans.Interval, time.Second), MeterProvider: s.MeterProvider, Logger: s.Logger,
	})

	// Links are signed with keys that survive restarts.
	if h.Links, err = openLinks(s); err != nil {
		return err
	}

	h.Handler, err = attachment.New(h.Store, repo, &attachment.Options{
		Queue:      h.scans.Queue,
		ScanPolicy: scanPolicy(s),
		Links:      h.Links,
		BaseURL:    baseURL(s),
		Source:     s.Source,
		MaxSize:    s.MaxAttachmentSize,
		Retention:  func(string) time.Duration { return s.Retention },
		Backend:    backend,
		Logger:     s.Logger,

		TracerProvider: s.TracerProvider,
		MeterProvider:  s.MeterProvider,
	})
	if err != nil {
		return err
	}

	// Callers show a token; on a developer's machine there is only one.
	protect, closeAccess, err := openAccess(s)
	if err != nil {
		return err
	}
	h.Protect, h.closers = protect, append(h.closers, closeAccess)
	return nil
}

func (h *Host) openScans(ctx context.Context, s Settings) (Scans, error) {
	if s.NewScans == nil {
		pool := scan.NewPool(h.Worker, &scan.PoolOptions{MeterProvider: s.MeterProvider})
		return Scans{Queue: pool, Run: pool.Run}, nil
	}
	scans, err := s.NewScans(ctx, h)
	if err != nil {
		return Scans{}, fmt.Errorf("open the scan queue: %w", err)
	}
	if scans.Close != nil {
		h.closers = append(h.closers, func() error { scans.Close(); return nil })
	}
	return scans, nil
}

// Close is for a host on which nothing runs any more.
func (h *Host) Close() {
	for _, shut := range slices.Backward(h.closers) {
		if err := shut(); err != nil {
			h.Settings.Logger.Warn("close", "error", err)
		}
	}
}
