package riverqueue_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/fsblob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
)

// Where the doomed worker waits for its end.
const (
	dieScanning = "scanning" // it has claimed the content and read its bytes
	dieClaiming = "claiming" // River has given it the job, the ledger knows nothing of it
)

func TestMain(m *testing.M) {
	if os.Getenv("DOOMED_AT") != "" {
		fmt.Println(doomed(context.Background()))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// doomed is the process that gets killed: it works one job, says when it has
// come to the place, and goes no further.
func doomed(ctx context.Context) error {
	reached := make(chan struct{})
	store, err := fsblob.New(os.Getenv("DOOMED_BLOBS"), nil)
	if err != nil {
		return err
	}
	s := setup{store: store, scanner: blocking(reached)}
	if os.Getenv("DOOMED_AT") == dieClaiming {
		s.ledger = func(l scan.Ledger) scan.Ledger { return hangingLedger{l, reached} }
	}
	url := os.Getenv("DOOMED_URL")
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	h, err := open(url, riverpgxv5.New(pool), s)
	if err != nil {
		return err
	}
	if err := h.client.Start(ctx); err != nil {
		return err
	}
	<-reached
	fmt.Println("reached")
	select {}
}

type hangingLedger struct {
	scan.Ledger
	reached chan<- struct{}
}

func (l hangingLedger) Claim(context.Context, scan.Job, time.Duration) (scan.Claim, error) {
	l.reached <- struct{}{}
	select {}
}

// killedWorkerIsReplaced kills a worker at that place. River believes its job
// to be running, and would for an hour; a Reconciler and another worker do not
// wait for that.
func killedWorkerIsReplaced(t *testing.T, pg *cluster, place string) {
	url, dir := pg.database(t), t.TempDir()
	store, err := fsblob.New(dir, nil)
	require.NoError(t, err)
	h := openPgx(t, url, setup{store: store})
	id := h.upload(t, "acme", string(eicar.TestFile()))

	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), self)
	child.Env = append(os.Environ(), "DOOMED_AT="+place, "DOOMED_URL="+url, "DOOMED_BLOBS="+dir)
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	said, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "reached\n", said)
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	killed := time.Now()
	lost := h.only(t, "running")

	const interval = 100 * time.Millisecond
	h.start(t)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error)
	go func() {
		stopped <- scan.NewReconciler(h.ledger, h.queue, &scan.ReconcilerOptions{Interval: interval}).Run(ctx)
	}()
	h.settled(t)
	t.Logf("killed while %s: scanned again after %s, with a lease of %s and a look every %s", place, time.Since(killed).Round(time.Millisecond), lease, interval)
	stop()
	require.NoError(t, <-stopped)

	require.Equal(t, scan.StatusInfected, h.status(t, "acme", id))
	rows := h.jobs(t)
	require.Len(t, rows, 2, "the lost job was replaced once, however often the Reconciler looked")
	require.Equal(t, "running", rows[0].State, "River's rescuer had no part in it")
	require.Equal(t, lost.ID, rows[1].replaces(t))
}
