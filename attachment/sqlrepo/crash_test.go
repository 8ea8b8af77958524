package sqlrepo_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/sqlrepo"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// The crash harness: a process works through a list of attachments, deletes
// and sweeps, and is killed with SIGKILL: at a named step of the library, or
// at any moment. Then the same list is worked through again, and everything
// must be as if nothing had happened.
//
// CRASH_CYCLES sets how often, for SQLite; PostgreSQL gets a fifth of it. Or
// CRASH_SECONDS sets how long, for each. The seed of a cycle, which is counted
// up from TORTURE_SEED, decides all of it but what the moment of a kill meets.

// crashSteps are the moments at which a process kills itself: before or after
// a call that the library makes.
func crashSteps() []string {
	var steps []string
	for _, call := range []string{
		"repo.begin", "repo.finish", "repo.update", "repo.purge", "repo.garbage", "repo.forget", "repo.claim", "repo.settle",
		"blob.create", "blob.write", "blob.commit", "blob.delete",
	} {
		steps = append(steps, "before "+call, "after "+call)
	}
	return steps
}

// world is what a crash must not harm: a folder of blobs and a database.
type world struct {
	dir, dsn string // dsn is empty for a SQLite file in dir
	files    *fsblob.Store
	db       *sqlx.DB
	repo     *sqlrepo.Repository
	handler  *attachment.AttachmentHandler
	ledger   scan.Ledger
}

// openWorld opens it; kill is told of every step before and after.
func openWorld(ctx context.Context, dir, dsn string, kill func(step string)) (*world, error) {
	files, err := fsblob.New(filepath.Join(dir, "blobs"), nil)
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir, dsn: dsn, files: files}
	if dsn == "" {
		if w.db, err = sqlrepo.OpenSQLite(filepath.Join(dir, "records.db")); err != nil {
			return nil, err
		}
		w.repo = sqlrepo.NewSQLite(w.db)
	} else {
		if w.db, err = sqlx.Open("postgres", dsn); err != nil {
			return nil, err
		}
		w.repo = sqlrepo.NewPostgres(w.db)
	}
	if err := w.repo.Migrate(ctx); err != nil {
		return nil, err
	}
	store := tenant.NewStore(&killerStore{files, kill}, nil)
	repo := &killerRepo{w.repo, kill}
	w.ledger = attachment.NewLedger(store, repo)
	w.handler, err = attachment.New(store, repo, &attachment.Options{RaceWait: 20 * time.Millisecond})
	return w, err
}

// job is one attachment of the list.
type job struct {
	tenant, message, name string
	data                  []byte
	own                   bool // refuses to share
	gone                  bool // is deleted afterwards
}

// jobs is the list for a seed: small and large, over two tenants, with
// duplicates within and across messages.
func jobs(seed uint64) (list []job) {
	r := rand.New(rand.NewPCG(seed, 1))
	pool := make([][]byte, 4)
	for i := range pool {
		pool[i] = make([]byte, []int{10, 5000, 100_000, 700_000}[i]+r.IntN(1000))
		for j := range pool[i] {
			pool[i][j] = 'a' + byte(r.IntN(26))
		}
	}
	for i := range 6 {
		list = append(list, job{
			tenant: []string{"acme", "globex"}[r.IntN(2)], message: fmt.Sprintf("m%d-%d", seed, i/2), name: fmt.Sprintf("%d.txt", i),
			data: pool[r.IntN(len(pool))], own: r.IntN(6) == 0, gone: r.IntN(5) == 0,
		})
	}
	return list
}

func crashUser(tenantID string) context.Context {
	return tenant.NewContext(context.Background(), tenant.User{
		Tenant: tenantID, ID: "u", Actions: []tenant.Action{tenant.Read, tenant.Write, tenant.Delete},
	})
}

// work does a list from beginning to end: store, scan, delete, sweep. It
// returns the attachment ids.
func (w *world) work(list []job) ([]string, error) {
	ids := make([]string, len(list))
	for i, j := range list {
		processed, err := w.handler.Process(crashUser(j.tenant), attachment.Input{
			MessageID: j.message, Filename: j.name, Size: int64(len(j.data)), SkipDeduplication: j.own,
			Data: struct{ io.Reader }{strings.NewReader(string(j.data))}, // a stream, not memory
		})
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", j.message, j.name, err)
		}
		ids[i] = processed.AttachmentID
	}
	if err := w.scan(); err != nil {
		return nil, err
	}
	for i, j := range list {
		if j.gone {
			if err := w.handler.Delete(crashUser(j.tenant), ids[i]); err != nil {
				return nil, err
			}
		}
	}
	_, err := w.handler.Sweep(context.Background(), nil)
	return ids, err
}

func (w *world) scan() error {
	scanner := scan.ScannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
		r, err := obj.Open(ctx)
		if err != nil {
			return scan.Result{}, err
		}
		defer r.Close()
		n, err := io.Copy(io.Discard, r)
		return scan.Result{Verdict: scan.Clean, Bytes: n}, err
	})
	worker := scan.NewWorker(scanner, w.ledger, &scan.WorkerOptions{Lease: 50 * time.Millisecond})
	due, err := w.ledger.Due(context.Background(), 1000)
	for _, j := range due {
		if err := worker.Work(context.Background(), j); err != nil {
			return err
		}
	}
	return err
}

// check finds what must never be: a record without its bytes, a reference
// counted wrongly, and, after a sweep, a byte that nobody refers to.
func (w *world) check(t *testing.T, swept bool) {
	t.Helper()
	tx := w.db.MustBegin()
	defer tx.Rollback()
	if w.dsn != "" {
		tx.MustExec(`SELECT set_config('attachment.tenant_id', '*', true)`)
	}
	var records []struct {
		Tenant string `db:"tenant_id"`
		Key    string `db:"storage_key"`
		Hash   string `db:"content_hash"`
		State  string `db:"state"`
	}
	require.NoError(t, tx.Select(&records, `SELECT DISTINCT r.tenant_id, c.storage_key, c.content_hash, c.state
		FROM email_attachments r JOIN attachment_contents c ON c.tenant_id = r.tenant_id AND c.id = r.content`))
	referenced := map[string]bool{}
	for _, record := range records {
		require.Equal(t, "stored", record.State)
		key := tenant.Namespace(record.Tenant) + record.Key
		referenced[key] = true
		body, err := w.files.Open(t.Context(), key, 0, -1)
		require.NoError(t, err, "a record points to nothing")
		hash := sha256.New()
		_, err = io.Copy(hash, body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		require.Equal(t, record.Hash, hex.EncodeToString(hash.Sum(nil)))
	}
	var miscounted int
	require.NoError(t, tx.Get(&miscounted, `SELECT count(*) FROM attachment_contents c WHERE refs <>
		(SELECT count(*) FROM email_attachments r WHERE r.tenant_id = c.tenant_id AND r.content = c.id)`))
	require.Zero(t, miscounted, "references do not equal records")
	if !swept {
		return
	}
	for info, err := range w.files.List(t.Context(), "") {
		require.NoError(t, err)
		require.True(t, referenced[info.Key], "an orphan: %s", info.Key)
	}
	staged, err := os.ReadDir(filepath.Join(w.dir, "blobs", "tmp"))
	require.NoError(t, err)
	require.Empty(t, staged, "a staged write was left")
}

// crash lets a process work through the list until it is killed, and reports
// whether it was.
func crash(t *testing.T, dir, dsn string, seed uint64, step string, nth int) bool {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.Command(self)
	child.Env = append(os.Environ(), "CRASH_DIR="+dir, "CRASH_DSN="+dsn,
		"CRASH_SEED="+strconv.FormatUint(seed, 10), "CRASH_STEP="+step, "CRASH_NTH="+strconv.Itoa(nth))
	var output strings.Builder
	child.Stdout, child.Stderr = &output, &output
	require.NoError(t, child.Start())
	if step == "" {
		time.Sleep(time.Duration(chance(seed, 3).Int64N(int64(120 * time.Millisecond))))
		_ = child.Process.Kill()
	}
	err = child.Wait()
	if err == nil {
		return false
	}
	status, ok := child.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok && status.Signaled(), "the process failed by itself: %v\n%s", err, output.String())
	return true
}

// crashChild is the process that gets killed.
func crashChild() {
	seed, _ := strconv.ParseUint(os.Getenv("CRASH_SEED"), 10, 64)
	nth, _ := strconv.Atoi(os.Getenv("CRASH_NTH"))
	fatal := os.Getenv("CRASH_STEP")
	kill := func(step string) {
		if step == fatal {
			if nth--; nth < 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
	}
	w, err := openWorld(context.Background(), os.Getenv("CRASH_DIR"), os.Getenv("CRASH_DSN"), kill)
	if err == nil {
		_, err = w.work(jobs(seed))
	}
	if err == nil {
		_, err = w.handler.Sweep(context.Background(), &attachment.SweepOptions{DeletedGrace: time.Nanosecond})
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func TestMain(m *testing.M) {
	if os.Getenv("CRASH_DIR") != "" {
		crashChild()
		return
	}
	os.Exit(m.Run())
}

// chance is random, and the same each time.
func chance(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }

func crashCycles() int {
	if n, err := strconv.Atoi(os.Getenv("CRASH_CYCLES")); err == nil {
		return n
	}
	return 60
}

func TestCrashesOnSQLite(t *testing.T) {
	torture(t, crashCycles(), func() string { return "" })
}

func TestCrashesOnPostgres(t *testing.T) {
	pg := startPostgres(t)
	torture(t, max(crashCycles()/5, 5), func() string { return pg.database(t) })
}

// tortureSeed is TORTURE_SEED, or a new one.
func tortureSeed(t *testing.T) uint64 {
	seed, err := strconv.ParseUint(os.Getenv("TORTURE_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("TORTURE_SEED=%d", seed)
	return seed
}

// torture goes through the cycles, in worlds of twenty each.
func torture(t *testing.T, cycles int, dsn func() string) {
	steps := crashSteps()
	seed := tortureSeed(t)
	end := time.Now()
	if n, err := strconv.Atoi(os.Getenv("CRASH_SECONDS")); err == nil {
		cycles, end = 1, end.Add(time.Duration(n)*time.Second)
	}
	done, killed := 0, 0
	defer func() {
		if t.Failed() {
			t.Logf("this cycle alone: CRASH_CYCLES=1 TORTURE_SEED=%d", seed)
		}
	}()
	for done < cycles || time.Now().Before(end) {
		dir, url := t.TempDir(), dsn()
		w, err := openWorld(t.Context(), dir, url, func(string) {})
		require.NoError(t, err)
		for range 20 {
			if done >= cycles && !time.Now().Before(end) {
				break
			}
			step := "" // any moment
			if seed%3 != 0 {
				step = steps[seed*7%uint64(len(steps))]
			}
			if crash(t, dir, url, seed, step, chance(seed, 2).IntN(3)) {
				killed++
			}
			w.recover(t, seed)
			done++
			seed++
		}
		require.NoError(t, w.db.Close())
		require.NoError(t, os.RemoveAll(dir))
	}
	t.Logf("%d of %d processes were killed", killed, done)
	require.GreaterOrEqual(t, killed, done/2)
}

// recover looks at what the crash left, works through the list again, twice,
// and sweeps.
func (w *world) recover(t *testing.T, seed uint64) {
	t.Helper()
	w.check(t, false)
	time.Sleep(60 * time.Millisecond) // the dead worker's lease
	list := jobs(seed)
	ids, err := w.work(list)
	require.NoError(t, err)
	again, err := w.work(list)
	require.NoError(t, err)
	require.Equal(t, ids, again)
	for i, j := range list {
		record, err := w.repo.Get(crashUser(j.tenant), ids[i])
		require.NoError(t, err)
		require.Equal(t, j.gone, record.IsDeleted)
		require.Equal(t, scan.StatusClean, record.VirusScanStatus)
	}
	// The process is dead: no grace is needed, and no lease holds.
	for range 2 {
		_, err = w.repo.Garbage(t.Context(), attachment.GarbageQuery{
			Now: time.Now().Add(time.Hour), Cutoff: time.Now(), Lease: -2 * time.Hour, Limit: 1000,
		})
		require.NoError(t, err)
		_, err = w.handler.Sweep(t.Context(), &attachment.SweepOptions{IntentGrace: time.Nanosecond, DeletedGrace: time.Nanosecond})
		require.NoError(t, err)
	}
	w.check(t, true)
}

// killerStore and killerRepo announce each call before and after.
type killerStore struct {
	*fsblob.Store
	kill func(step string)
}

func (s *killerStore) Unwrap() blob.Store { return s.Store }

func (s *killerStore) Create(ctx context.Context, key string, opts *blob.WriteOptions) (blob.Writer, error) {
	s.kill("before blob.create")
	defer s.kill("after blob.create")
	w, err := s.Store.Create(ctx, key, opts)
	return &killerWriter{w, s.kill}, err
}

func (s *killerStore) Delete(ctx context.Context, key string) error {
	s.kill("before blob.delete")
	defer s.kill("after blob.delete")
	return s.Store.Delete(ctx, key)
}

type killerWriter struct {
	blob.Writer
	kill func(step string)
}

func (w *killerWriter) Unwrap() blob.Writer { return w.Writer }

func (w *killerWriter) Write(p []byte) (int, error) {
	w.kill("before blob.write")
	defer w.kill("after blob.write")
	return w.Writer.Write(p)
}

func (w *killerWriter) Commit(ctx context.Context) (blob.Info, error) {
	w.kill("before blob.commit")
	defer w.kill("after blob.commit")
	return w.Writer.Commit(ctx)
}

type killerRepo struct {
	attachment.Repository
	kill func(step string)
}

func (r *killerRepo) Begin(ctx context.Context, d attachment.Draft) (attachment.Begun, error) {
	r.kill("before repo.begin")
	defer r.kill("after repo.begin")
	return r.Repository.Begin(ctx, d)
}

func (r *killerRepo) Finish(ctx context.Context, d attachment.Draft) (attachment.Begun, error) {
	r.kill("before repo.finish")
	defer r.kill("after repo.finish")
	return r.Repository.Finish(ctx, d)
}

func (r *killerRepo) Update(ctx context.Context, id string, c attachment.Change) (attachment.EmailAttachment, error) {
	r.kill("before repo.update")
	defer r.kill("after repo.update")
	return r.Repository.Update(ctx, id, c)
}

func (r *killerRepo) Purge(ctx context.Context, q attachment.PurgeQuery) (int, error) {
	r.kill("before repo.purge")
	defer r.kill("after repo.purge")
	return r.Repository.Purge(ctx, q)
}

func (r *killerRepo) Garbage(ctx context.Context, g attachment.GarbageQuery) ([]attachment.Content, error) {
	r.kill("before repo.garbage")
	defer r.kill("after repo.garbage")
	return r.Repository.Garbage(ctx, g)
}

func (r *killerRepo) Forget(ctx context.Context, c attachment.Content) error {
	r.kill("before repo.forget")
	defer r.kill("after repo.forget")
	return r.Repository.Forget(ctx, c)
}

func (r *killerRepo) ClaimScan(ctx context.Context, j scan.Job, token string, now time.Time, lease time.Duration) (attachment.Content, scan.Job, error) {
	r.kill("before repo.claim")
	defer r.kill("after repo.claim")
	return r.Repository.ClaimScan(ctx, j, token, now, lease)
}

func (r *killerRepo) SettleScan(ctx context.Context, claim scan.Claim, o scan.Outcome, now time.Time) error {
	r.kill("before repo.settle")
	defer r.kill("after repo.settle")
	return r.Repository.SettleScan(ctx, claim, o, now)
}
