package attachment_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/attachmenttest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/blobtest"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// large makes a node stream more than is held in memory.
func large() map[string]any {
	return map[string]any{"size": 1 << 20, "attachmentData": io.LimitReader(zeros{}, 1<<20)}
}

func TestReplay(t *testing.T) {
	f := newFixture(t)
	first := f.succeed(t, node(content, nil))
	again := f.succeed(t, node(content, nil))
	require.Equal(t, first.AttachmentID, again.AttachmentID)
	require.Equal(t, first.StorageKey, again.StorageKey)
	require.False(t, again.IsDeduplicated)
	require.Len(t, f.blobs(t), 1)

	other := f.succeed(t, node(content, map[string]any{"messageId": "m2"}))
	require.NotEqual(t, first.AttachmentID, other.AttachmentID)
}

func TestDuplicateWritesNothing(t *testing.T) {
	f := newFixture(t)
	f.succeed(t, node(content, nil))
	creates := f.store.Calls("create")
	duplicate := f.succeed(t, node(content, map[string]any{"filename": "copy.txt"}))
	require.True(t, duplicate.IsDeduplicated)
	require.Equal(t, creates, f.store.Calls("create"))

	// A stream is known only at its end: it is staged, and dropped.
	f.succeed(t, node("", large()))
	stream := large()
	stream["filename"] = "copy.dat"
	require.True(t, f.succeed(t, node("", stream)).IsDeduplicated)
	require.Len(t, f.blobs(t), 2)
	require.Equal(t, f.store.Calls("create")-1, f.store.Calls("commit"))

	own := f.succeed(t, node(content, map[string]any{"filename": "own.txt", "enableDeduplication": false}))
	require.False(t, own.IsDeduplicated)
	require.Len(t, f.blobs(t), 3)
}

func TestTenantsShareNothing(t *testing.T) {
	f := newFixture(t)
	ours := f.succeed(t, node(content, nil))
	theirs := f.Execute(as("globex"), node(content, nil)).Output.Data
	require.False(t, theirs.IsDeduplicated)
	require.NotEqual(t, ours.AttachmentID, theirs.AttachmentID)
	require.True(t, strings.HasPrefix(theirs.StorageKey, "attachments/globex/"))
}

func TestRacingDuplicates(t *testing.T) {
	f := newFixture(t, func(o *attachment.Options) { o.RaceWait, o.Queue = 5*time.Second, nil })
	f.store.Inject(blobtest.Fault{Op: "commit", Delay: 20 * time.Millisecond}) // a slow store widens the gap
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			result := f.Execute(as("acme"), node(content, map[string]any{"messageId": string(rune('a' + i%8))}))
			if result.Status != attachment.StatusSuccess {
				t.Error(result.Error)
			}
		})
	}
	wg.Wait()
	require.Len(t, f.blobs(t), 1)
	page, err := f.List(as("acme"), attachment.Query{})
	require.NoError(t, err)
	require.Len(t, page.Records, 8)
}

// TestFaults breaks each step in turn and then runs the same input again: the
// end is always one record and one blob, and a failed run leaves no record.
func TestFaults(t *testing.T) {
	down := &attachment.RepositoryError{Op: "test", Err: errors.New("down"), Temporary: true}
	for name, c := range map[string]struct {
		fault     blobtest.Fault
		repo      map[string]error
		code      attachment.Code
		retryable bool
	}{
		"create":                 {fault: blobtest.Fault{Op: "create"}, code: attachment.CodeStorage},
		"create, for now":        {fault: blobtest.Fault{Op: "create", Temporary: true}, code: attachment.CodeStorage, retryable: true},
		"write":                  {fault: blobtest.Fault{Op: "write"}, code: attachment.CodeStorage},
		"short write":            {fault: blobtest.Fault{Op: "write", Short: 5}, code: attachment.CodeStorage},
		"disk full":              {fault: blobtest.Fault{Op: "commit", Err: blob.ErrNoSpace, Temporary: true}, code: attachment.CodeStorage, retryable: true},
		"commit":                 {fault: blobtest.Fault{Op: "commit"}, code: attachment.CodeStorage},
		"commit, wrong answer":   {fault: blobtest.Fault{Op: "commit", After: true}, code: attachment.CodeStorage},
		"commit, answer lost":    {fault: blobtest.Fault{Op: "commit", After: true, Temporary: true}, code: attachment.CodeStorage, retryable: true},
		"database down":          {repo: map[string]error{"begin": down}, code: attachment.CodeDatabase, retryable: true},
		"begin, answer lost":     {repo: map[string]error{"begin": errLostAnswer}, code: attachment.CodeDatabase, retryable: true},
		"database down at last":  {repo: map[string]error{"finish": down}, code: attachment.CodeDatabase, retryable: true},
		"finish, answer lost":    {repo: map[string]error{"finish": errLostAnswer}, code: attachment.CodeDatabase, retryable: true},
		"database full for good": {repo: map[string]error{"begin": &attachment.RepositoryError{Err: errors.New("x")}}, code: attachment.CodeDatabase},
	} {
		for size, parameters := range map[string]func() map[string]any{"small": func() map[string]any { return nil }, "large": large} {
			t.Run(name+"/"+size, func(t *testing.T) {
				f := newFixture(t)
				if c.fault.Op != "" {
					f.store.Inject(c.fault)
				}
				if c.repo != nil {
					f.repo.fail = c.repo
				}
				result := f.refuse(t, c.code, node(content, parameters()))
				require.Equal(t, c.retryable, *result.Retryable)

				f.store.Heal()
				f.repo.fail = nil
				f.succeed(t, node(content, parameters()))
				page, err := f.List(as("acme"), attachment.Query{})
				require.NoError(t, err)
				require.Len(t, page.Records, 1)
				f.settle(t)
				require.Equal(t, []string{page.Records[0].StorageKey}, f.blobs(t))
			})
		}
	}
}

// settle lets every grace period pass and sweeps.
func (f *fixture) settle(t *testing.T) attachment.SweepReport {
	t.Helper()
	f.now = f.now.Add(24 * time.Hour)
	report, err := f.Sweep(t.Context(), nil)
	require.NoError(t, err)
	return report
}

func TestReplayAdoptsThePublishedBlob(t *testing.T) {
	f := newFixture(t)
	f.repo.fail["finish"] = &attachment.RepositoryError{Err: errors.New("down"), Temporary: true}
	f.refuse(t, attachment.CodeDatabase, node(content, nil))
	orphan := f.blobs(t)
	require.Len(t, orphan, 1)

	f.repo.fail = nil
	require.Equal(t, orphan[0], f.succeed(t, node(content, nil)).StorageKey) // no second blob
	require.Zero(t, f.settle(t).Blobs)
}

// TestReplayByWhoMayOnlyWrite: the look for the blob is the system's own.
func TestReplayByWhoMayOnlyWrite(t *testing.T) {
	memory := memblob.New(nil)
	repo := &flakyRepository{Repository: attachmenttest.NewRepository(), fail: map[string]error{"finish": &attachment.RepositoryError{Err: errors.New("down"), Temporary: true}}}
	h, err := attachment.New(tenant.NewStore(memory, nil), repo, &attachment.Options{RaceWait: time.Hour})
	require.NoError(t, err)
	require.Equal(t, attachment.StatusError, h.Execute(as("acme", tenant.Write), node(content, nil)).Status)

	repo.fail = nil
	require.Equal(t, attachment.StatusSuccess, h.Execute(as("acme", tenant.Write), node(content, nil)).Status)
	blobs := 0
	for _, err := range memory.List(t.Context(), "") {
		require.NoError(t, err)
		blobs++
	}
	require.Equal(t, 1, blobs)
}

func TestCancelled(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(as("acme"))
	slow := &cancelling{r: io.LimitReader(zeros{}, 3<<20), after: 1 << 20, cancel: cancel}
	result := f.Execute(ctx, node("", map[string]any{"size": 3 << 20, "attachmentData": slow}))
	require.Equal(t, attachment.CodeHandler, result.ErrorCode)
	require.True(t, *result.Retryable)
	require.Empty(t, f.blobs(t))
	n, err := f.memory.Reclaim(t.Context(), time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, n, "a staged write was left behind")
}

type cancelling struct {
	r      io.Reader
	after  int
	cancel context.CancelFunc
}

func (c *cancelling) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.after -= n; c.after < 0 {
		c.cancel()
	}
	return n, err
}

func TestScanJobs(t *testing.T) {
	f := newFixture(t)
	f.succeed(t, node(content, map[string]any{"virusScanEndpoint": "strict"}))
	require.Len(t, f.jobs, 1)
	require.Equal(t, "strict", f.jobs[0].Scanner)
	require.Equal(t, sha(content), f.jobs[0].SHA256)
	f.succeed(t, node(content, nil)) // a replay may tell the queue again: still pending, same content
	for _, job := range f.jobs {
		require.Equal(t, f.jobs[0].ContentID, job.ContentID)
	}
	f.scanned(t, scan.Infected)
	jobs := len(f.jobs)
	duplicate := f.succeed(t, node(content, map[string]any{"filename": "copy.txt"}))
	require.Equal(t, scan.StatusInfected, duplicate.VirusScanStatus)
	require.Equal(t, "Some.Threat", duplicate.VirusScanDetails.Threat)
	require.Len(t, f.jobs, jobs)
}

// scanned gives everything pending its verdict.
func (f *fixture) scanned(t *testing.T, verdict scan.Verdict) {
	t.Helper()
	ledger := attachment.NewLedger(f.store, f.repo)
	jobs, err := ledger.Due(t.Context(), 100)
	require.NoError(t, err)
	require.NotEmpty(t, jobs)
	scanner := scan.ScannerFunc(func(ctx context.Context, obj scan.Object) (scan.Result, error) {
		r, err := obj.Open(ctx)
		if err != nil {
			return scan.Result{}, err
		}
		n, err := io.Copy(io.Discard, r)
		return scan.Result{Verdict: verdict, Threat: "Some.Threat", Bytes: n}, errors.Join(err, r.Close())
	})
	worker := scan.NewWorker(scanner, ledger, &scan.WorkerOptions{Scanners: map[string]scan.Scanner{"strict": scanner}})
	for _, job := range jobs {
		require.NoError(t, worker.Work(t.Context(), job))
	}
}
