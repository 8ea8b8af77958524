package riverqueue_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/riverqueue"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// TestOnPostgres is every test that needs a database: they share one cluster.
func TestOnPostgres(t *testing.T) {
	pg := startCluster(t)
	for _, c := range []struct {
		name string
		test func(t *testing.T, pg *cluster)
	}{
		{"the whole way with pgx", wholeWayWithPgx},
		{"the whole way with database/sql", wholeWayWithDatabaseSQL},
		{"one content is one job", oneContentIsOneJob},
		{"a transaction decides", transactionDecides},
		{"priorities", priorities},
		{"no tenant, no job", noTenantNoJob},
		{"an outage is no attempt", outageIsNoAttempt},
		{"a permanent error cancels", permanentErrorCancels},
		{"a failing ledger is retried", failingLedgerIsRetried},
		{"a stopped client gives its scans back", stoppedClientGivesScansBack},
		{"a rescan does not wait for a sleeping job", rescanDoesNotWait},
		{"a worker killed in its scan is replaced", func(t *testing.T, pg *cluster) { killedWorkerIsReplaced(t, pg, dieScanning) }},
		{"a worker killed before its claim is replaced", func(t *testing.T, pg *cluster) { killedWorkerIsReplaced(t, pg, dieClaiming) }},
		{"hosts migrate at once", hostsMigrateAtOnce},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			c.test(t, pg)
		})
	}
}

func wholeWayWithPgx(t *testing.T, pg *cluster) {
	wholeWay(t, openPgx(t, pg.database(t), setup{}))
}

func wholeWayWithDatabaseSQL(t *testing.T, pg *cluster) {
	url := pg.database(t)
	pool, err := sqlx.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = pool.Close() })
	h, err := open(url, riverdatabasesql.New(pool.DB), setup{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.db.Close() })
	wholeWay(t, h)
}

// wholeWay goes from the node to the verdict, for two tenants that have the
// same bytes. No Reconciler helps.
func wholeWay[TTx any](t *testing.T, h *host[TTx]) {
	type upload struct{ tenantID, id string }
	want := map[upload]scan.Status{}
	for _, tenantID := range []string{"acme", "globex"} {
		want[upload{tenantID, h.upload(t, tenantID, string(eicar.TestFile()))}] = scan.StatusInfected
		for n := range 5 {
			want[upload{tenantID, h.upload(t, tenantID, fmt.Sprintf("note %d", n))}] = scan.StatusClean
		}
	}
	h.start(t)
	h.settled(t)
	for u, status := range want {
		require.Equal(t, status, h.status(t, u.tenantID, u.id))
	}
	eventually(t, "every job completed", func() bool {
		for _, job := range h.jobs(t) {
			if job.State != "completed" {
				return false
			}
		}
		return true
	})
	rows := h.jobs(t)
	require.Len(t, rows, len(want))
	for _, job := range rows {
		require.Equal(t, riverqueue.DefaultQueue, job.Queue)
		require.Equal(t, 1, job.Attempt)
		require.Regexp(t, `^{"tenantId": "(acme|globex)", "contentId": "[0-9a-f-]{36}"}$|^{"contentId": "[0-9a-f-]{36}", "tenantId": "(acme|globex)"}$`, job.Args)
	}
}

func oneContentIsOneJob(t *testing.T, pg *cluster) {
	h := openPgx(t, pg.database(t), setup{})
	h.upload(t, "acme", "one")
	due, err := h.ledger.Due(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, due, 1)

	var all sync.WaitGroup
	var failed atomic.Int64
	for range 100 {
		all.Go(func() {
			if h.queue.Enqueue(context.Background(), due[0]) != nil {
				failed.Add(1)
			}
		})
	}
	all.Wait()
	require.Zero(t, failed.Load())
	require.Len(t, h.jobs(t), 1)

	other := due[0]
	other.TenantID = "globex"
	require.NoError(t, h.queue.Enqueue(t.Context(), other))
	require.Len(t, h.jobs(t), 2, "another tenant's content is another content")

	h.start(t)
	h.settled(t)
	eventually(t, "both done", func() bool {
		rows := h.jobs(t)
		return rows[0].State == "completed" && rows[1].State == "completed"
	})
	require.NoError(t, h.queue.Enqueue(t.Context(), due[0]))
	require.Len(t, h.jobs(t), 3, "a finished job is in nobody's way")
}

func transactionDecides(t *testing.T, pg *cluster) {
	url := pg.database(t)
	h := openPgx(t, url, setup{})
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	defer pool.Close()

	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, h.queue.EnqueueTx(t.Context(), tx, scan.Job{TenantID: "acme", ContentID: "c1"}))
	require.NoError(t, tx.Rollback(t.Context()))
	require.Empty(t, h.jobs(t))

	tx, err = pool.Begin(t.Context())
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, h.queue.EnqueueTx(t.Context(), tx, scan.Job{TenantID: "acme", ContentID: "c1"}))
	}
	require.Empty(t, h.jobs(t), "not before it commits")
	require.NoError(t, tx.Commit(t.Context()))
	require.Len(t, h.jobs(t), 1)
}

func priorities(t *testing.T, pg *cluster) {
	h := openPgx(t, pg.database(t), setup{})
	wanted := []int{4, 4, 3, 2, 1, 1}
	for i, p := range []int{-100, -2, -1, 0, 1, 7} {
		require.NoError(t, h.queue.Enqueue(t.Context(), scan.Job{TenantID: "acme", ContentID: fmt.Sprint(i), Priority: p}))
	}
	for i, job := range h.jobs(t) {
		require.Equal(t, wanted[i], job.Priority)
	}
}

func noTenantNoJob(t *testing.T, pg *cluster) {
	h := openPgx(t, pg.database(t), setup{})
	require.Error(t, h.queue.Enqueue(t.Context(), scan.Job{ContentID: "c1"}))
	require.Empty(t, h.jobs(t))
}

func outageIsNoAttempt(t *testing.T, pg *cluster) {
	down := scantest.Step{Err: &scan.Error{Scanner: "fake", Op: "dial", Err: scan.ErrUnavailable, Temporary: true}}
	fake := scantest.NewFake(down, down, down, scantest.Step{})
	h := openPgx(t, pg.database(t), setup{scanner: fake, options: scan.WorkerOptions{Backoff: 20 * time.Millisecond, MaxAttempts: 1}})
	id := h.upload(t, "acme", "patience")
	h.start(t)

	job := h.only(t, "completed")
	require.Equal(t, scan.StatusClean, h.status(t, "acme", id))
	require.Equal(t, 3, job.Snoozes)
	require.Equal(t, 1, job.Attempt)
	require.Empty(t, job.Errors)
	require.Len(t, fake.Scans(), 4)
}

func permanentErrorCancels(t *testing.T, pg *cluster) {
	fake := scantest.NewFake(scantest.Step{Err: &scan.Error{Scanner: "fake", Op: "login", Err: scan.ErrConfig}})
	h := openPgx(t, pg.database(t), setup{scanner: fake})
	id := h.upload(t, "acme", "hopeless")
	h.start(t)

	job := h.only(t, "cancelled")
	require.Equal(t, scan.StatusError, h.status(t, "acme", id))
	require.Contains(t, job.Errors, scan.ErrConfig.Error())
	require.Len(t, fake.Scans(), 1)
}

// failingLedger fails the first Claim, as a database that restarts does.
type failingLedger struct {
	scan.Ledger
	claims atomic.Int64
}

func (l *failingLedger) Claim(ctx context.Context, job scan.Job, lease time.Duration) (scan.Claim, error) {
	if l.claims.Add(1) == 1 {
		return scan.Claim{}, errors.New("the database restarts")
	}
	return l.Ledger.Claim(ctx, job, lease)
}

func failingLedgerIsRetried(t *testing.T, pg *cluster) {
	h := openPgx(t, pg.database(t), setup{ledger: func(l scan.Ledger) scan.Ledger { return &failingLedger{Ledger: l} }})
	id := h.upload(t, "acme", "again")
	h.start(t)

	job := h.only(t, "completed")
	require.Equal(t, scan.StatusClean, h.status(t, "acme", id))
	require.Equal(t, 2, job.Attempt)
	require.Contains(t, job.Errors, "the database restarts")
}

func stoppedClientGivesScansBack(t *testing.T, pg *cluster) {
	url, store := pg.database(t), memblob.New(nil)
	reached := make(chan struct{}, 1)
	first := openPgx(t, url, setup{store: store, scanner: blocking(reached)})
	id := first.upload(t, "acme", "a long scan")
	require.NoError(t, first.client.Start(t.Context()))
	<-reached
	require.NoError(t, first.client.StopAndCancel(t.Context()))

	job := first.only(t, "available")
	require.Zero(t, job.Attempt)
	due, err := first.ledger.Due(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.Zero(t, due[0].Attempt)

	second := openPgx(t, url, setup{store: store})
	second.start(t)
	require.Equal(t, job.ID, second.only(t, "completed").ID)
	require.Equal(t, scan.StatusClean, second.status(t, "acme", id))
}

// rescanDoesNotWait: the scanner's own wish put the job to sleep for hours,
// then an admin asks for a scan now.
func rescanDoesNotWait(t *testing.T, pg *cluster) {
	fake := scantest.NewFake(
		scantest.Step{Err: &scan.Error{Scanner: "fake", Op: "lookup", Err: scan.ErrRateLimited, Temporary: true, RetryAfter: 5 * time.Hour}},
		scantest.Step{})
	h := openPgx(t, pg.database(t), setup{scanner: fake})
	id := h.upload(t, "acme", "urgent")
	h.start(t)
	asleep := h.only(t, "scheduled")

	_, err := h.handler.Rescan(as("acme"), id)
	require.NoError(t, err)
	h.settled(t)
	require.Equal(t, scan.StatusClean, h.status(t, "acme", id))
	rows := h.jobs(t)
	require.Len(t, rows, 2)
	require.Equal(t, "scheduled", rows[0].State)
	require.Equal(t, asleep.ID, rows[1].replaces(t))
}

// hostsMigrateAtOnce starts from a database without any table.
func hostsMigrateAtOnce(t *testing.T, pg *cluster) {
	url := pg.NewDatabase(t)
	failures := make(chan error)
	const hosts = 4
	for range hosts {
		go func() { failures <- migrate(context.Background(), url) }()
	}
	for range hosts {
		require.NoError(t, <-failures)
	}
	require.NoError(t, migrate(t.Context(), url), "and once more")
}

func migrate(ctx context.Context, url string) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	return riverqueue.Migrate(ctx, riverpgxv5.New(pool))
}
