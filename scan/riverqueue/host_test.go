package riverqueue_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/riverqueue"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

const lease = 2 * time.Second

// cluster is a PostgreSQL with a database in which both schemas are, made by
// the role that hosts work as.
type cluster struct {
	*services.Postgres
	template, role string
}

func startCluster(t testing.TB) *cluster {
	t.Helper()
	pg := services.StartPostgres(t, false)
	url := pg.NewDatabase(t)
	role, roleURL := pg.NewRole(t, url)
	admin, err := sqlx.Open("postgres", url)
	require.NoError(t, err)
	admin.MustExec("GRANT CREATE ON SCHEMA public TO " + role)
	require.NoError(t, admin.Close())

	db, err := sqlx.Open("postgres", roleURL)
	require.NoError(t, err)
	require.NoError(t, sqlrepo.NewPostgres(db).Migrate(t.Context()))
	require.NoError(t, db.Close())
	pool, err := pgxpool.New(t.Context(), roleURL)
	require.NoError(t, err)
	require.NoError(t, riverqueue.Migrate(t.Context(), riverpgxv5.New(pool)))
	pool.Close()
	return &cluster{pg, url, role}
}

// database returns the URL of a new database with all tables.
func (c *cluster) database(t testing.TB) string {
	t.Helper()
	return strings.Replace(c.Clone(t, c.template), "postgres@", c.role+"@", 1)
}

// setup is what tests vary. The zero value is the ordinary host.
type setup struct {
	store   blob.Store                    // Defaults to memory.
	scanner scan.Scanner                  // Defaults to the EICAR scanner.
	ledger  func(scan.Ledger) scan.Ledger // wraps the ledger. Defaults to nothing.
	options scan.WorkerOptions
}

// host is a whole one: records, blobs, scanner, and River on one database.
type host[TTx any] struct {
	db      *sqlx.DB
	ledger  scan.Ledger
	handler *attachment.AttachmentHandler
	client  *river.Client[TTx]
	queue   *riverqueue.Queue[TTx]
}

// open wires a host. It does not start the client.
func open[TTx any](url string, driver riverdriver.Driver[TTx], s setup) (*host[TTx], error) {
	db, err := sqlx.Open("postgres", url)
	if err != nil {
		return nil, err
	}
	h := &host[TTx]{db: db}
	if s.store == nil {
		s.store = memblob.New(nil)
	}
	if s.scanner == nil {
		s.scanner = eicar.New(nil)
	}
	if s.ledger == nil {
		s.ledger = func(l scan.Ledger) scan.Ledger { return l }
	}
	s.options.Lease = lease
	store, repo := tenant.NewStore(s.store, nil), sqlrepo.NewPostgres(db)
	h.ledger = attachment.NewLedger(store, repo)

	workers := river.NewWorkers()
	river.AddWorker(workers, riverqueue.NewWorker(scan.NewWorker(s.scanner, s.ledger(h.ledger), &s.options)))
	h.client, err = river.NewClient(driver, &river.Config{
		Queues:            map[string]river.QueueConfig{riverqueue.DefaultQueue: {MaxWorkers: 4}},
		Workers:           workers,
		FetchCooldown:     10 * time.Millisecond,
		FetchPollInterval: 50 * time.Millisecond,
		TestOnly:          true, // no random pause at the start
		Logger:            slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	h.queue = riverqueue.NewQueue(h.client, &riverqueue.QueueOptions{Lease: lease})
	h.handler, err = attachment.New(store, repo, &attachment.Options{Queue: h.queue})
	return h, err
}

// openPgx wires a host with River's main driver.
func openPgx(t testing.TB, url string, s setup) *host[pgx.Tx] {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	h, err := open(url, riverpgxv5.New(pool), s)
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.db.Close() })
	return h
}

// start starts the client until the test ends.
func (h *host[TTx]) start(t testing.TB) {
	t.Helper()
	require.NoError(t, h.client.Start(context.WithoutCancel(t.Context())))
	t.Cleanup(func() { require.NoError(t, h.client.StopAndCancel(context.Background())) })
}

func as(tenantID string) context.Context {
	return tenant.NewContext(context.Background(), tenant.User{
		Tenant: tenantID, ID: "maria", Actions: []tenant.Action{tenant.Read, tenant.Write, tenant.Admin},
	})
}

// upload brings one attachment in and returns its id.
func (h *host[TTx]) upload(t testing.TB, tenantID, text string) string {
	t.Helper()
	processed, err := h.handler.Process(as(tenantID), attachment.Input{
		MessageID: "m1", Filename: "note.txt", Size: int64(len(text)), Data: strings.NewReader(text),
	})
	require.NoError(t, err)
	require.Equal(t, scan.StatusPending, processed.VirusScanStatus)
	return processed.AttachmentID
}

func (h *host[TTx]) status(t testing.TB, tenantID, id string) scan.Status {
	t.Helper()
	record, err := h.handler.Get(as(tenantID), id)
	require.NoError(t, err)
	return record.VirusScanStatus
}

// settled waits until nothing is pending.
func (h *host[TTx]) settled(t testing.TB) {
	t.Helper()
	eventually(t, "everything settled", func() bool {
		backlog, err := h.ledger.Backlog(t.Context())
		require.NoError(t, err)
		return backlog.Pending == 0
	})
}

// row is a job as River's table has it.
type row struct {
	ID       int64  `db:"id"`
	State    string `db:"state"`
	Args     string `db:"args"`
	Attempt  int    `db:"attempt"`
	Priority int    `db:"priority"`
	Queue    string `db:"queue"`
	Errors   string `db:"errors"`
	Snoozes  int    `db:"snoozes"`
}

func (r row) replaces(t testing.TB) int64 {
	t.Helper()
	var args riverqueue.Args
	require.NoError(t, json.Unmarshal([]byte(r.Args), &args))
	return args.Replaces
}

// jobs returns River's table, the oldest job first.
func (h *host[TTx]) jobs(t testing.TB) (rows []row) {
	t.Helper()
	require.NoError(t, h.db.Select(&rows, `SELECT id, state, args, attempt, priority, queue, coalesce(errors::text, '') AS errors,
		coalesce((metadata->>'snoozes')::int, 0) AS snoozes FROM river_job ORDER BY id`))
	return rows
}

// only returns the one job there is, once it is in that state.
func (h *host[TTx]) only(t testing.TB, state string) row {
	t.Helper()
	var rows []row
	eventually(t, "the job is "+state, func() bool {
		rows = h.jobs(t)
		return len(rows) == 1 && rows[0].State == state
	})
	return rows[0]
}

// eventually waits for something that is a matter of milliseconds.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			require.Fail(t, "it never came to: "+what)
		}
	}
}

// blocking is a scanner that reads the object, says so, and then hangs until
// it is told to stop.
func blocking(reached chan<- struct{}) scan.Scanner {
	return scan.ScannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
		body, err := obj.Open(ctx)
		if err != nil {
			return scan.Result{}, err
		}
		defer body.Close()
		if _, err := io.Copy(io.Discard, body); err != nil {
			return scan.Result{}, err
		}
		reached <- struct{}{}
		<-ctx.Done()
		return scan.Result{}, fmt.Errorf("cut short: %w", ctx.Err())
	})
}
