package clamd_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/clamd"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/eicar"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan/scantest"
)

// counting counts the INSTREAMs that reach a server.
func counting(n *atomic.Int64, reply string) func(net.Conn) {
	return version(func(c net.Conn, r *bufio.Reader) {
		n.Add(1)
		swallow(r, 1<<62)
		_, _ = io.WriteString(c, reply)
	})
}

func TestFailover(t *testing.T) {
	var logged bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&logged, nil))
	port := services.FreePort(t)
	var second atomic.Int64
	s := newScanner(t, &clamd.Options{Logger: logger, VersionAge: time.Nanosecond},
		fmt.Sprintf("tcp://127.0.0.1:%d", port), "tcp://"+serve(t, counting(&second, "stream: OK\x00")))
	ask := func() {
		t.Helper()
		res, err := s.Scan(t.Context(), scantest.NewObject([]byte("bytes")))
		require.NoError(t, err)
		require.Equal(t, scan.Clean, res.Verdict)
	}
	ask()
	ask()
	require.EqualValues(t, 2, second.Load())
	require.Equal(t, 1, bytes.Count(logged.Bytes(), []byte("clamd is not well")))

	first := services.StartClamdOn(t, port, nil)
	require.Eventually(t, func() bool {
		before := second.Load()
		ask()
		return second.Load() == before
	}, 20*time.Second, 100*time.Millisecond, "the first is asked again once it is due")
	require.Contains(t, logged.String(), "clamd is back")

	first.Kill()
	ask()
}

func TestAFileThatBringsOneServerDownIsNotSentToTheNext(t *testing.T) {
	var second atomic.Int64
	crashes := version(func(c net.Conn, r *bufio.Reader) {
		swallow(r, 1)
		reset(c)
	})
	s := newScanner(t, nil, "tcp://"+serve(t, crashes), "tcp://"+serve(t, counting(&second, "stream: OK\x00")))
	_, err := s.Scan(t.Context(), scantest.Zeros(1<<20, nil))
	require.ErrorIs(t, err, scan.ErrProtocol)
	require.Zero(t, second.Load())

	res, err := s.Scan(t.Context(), scantest.NewObject([]byte("bytes")))
	require.NoError(t, err)
	require.Equal(t, scan.Clean, res.Verdict, "the next object goes to the next server")
	require.EqualValues(t, 1, second.Load())
}

// A clamd that accepts and never answers is an outage, found out by the
// version request: objects lose no attempt to it.
func TestAClamdThatHangsIsAnOutage(t *testing.T) {
	daemon := services.StartClamd(t, nil)
	s := newScanner(t, &clamd.Options{DialTimeout: 100 * time.Millisecond, VersionAge: time.Nanosecond}, "tcp://"+daemon.TCP)
	_, err := s.Scan(t.Context(), scantest.NewObject(nil))
	require.NoError(t, err)

	require.NoError(t, daemon.Pause())
	_, err = s.Scan(t.Context(), scantest.NewObject(nil))
	require.ErrorIs(t, err, scan.ErrUnavailable)
	require.NotErrorIs(t, err, context.DeadlineExceeded)

	require.NoError(t, daemon.Resume())
	require.Eventually(t, func() bool {
		_, err = s.Scan(t.Context(), scantest.NewObject(nil))
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
}

// After a failure the version is asked for again, long before it is too old:
// that is what tells a server that is down from an object that is trouble.
func TestAFailureAsksForTheVersionAgain(t *testing.T) {
	var asked, scans atomic.Int64
	sound, crashing := replies("stream: OK\x00"), version(func(c net.Conn, _ *bufio.Reader) { reset(c) })
	address := serve(t, func(c net.Conn) {
		peeked := bufio.NewReader(c)
		if command, err := peeked.Peek(9); err == nil && string(command) == "zVERSION\x00" {
			asked.Add(1)
		} else if scans.Add(1) == 1 {
			crashing(buffered{c.(*net.TCPConn), peeked})
			return
		}
		sound(buffered{c.(*net.TCPConn), peeked})
	})
	s := newScanner(t, nil, "tcp://"+address)
	_, err := s.Scan(t.Context(), scantest.NewObject([]byte("bytes")))
	require.ErrorIs(t, err, scan.ErrProtocol)
	for range 3 {
		_, err = s.Scan(t.Context(), scantest.NewObject([]byte("bytes")))
		require.NoError(t, err)
	}
	require.EqualValues(t, 2, asked.Load())
}

// buffered is a connection of which something was read ahead.
type buffered struct {
	*net.TCPConn
	r *bufio.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

func TestClamdKilledInMidScan(t *testing.T) {
	daemon := services.StartClamd(t, nil)
	data := bytes.Repeat([]byte("harmless"), 1<<20)
	obj := scantest.NewObject(data)
	obj.Open = scantest.Stream(obj.Size, func() io.Reader {
		return io.MultiReader(bytes.NewReader(data[:1<<20]), before(daemon.Kill), bytes.NewReader(data[1<<20:]))
	}).Open
	res, err := newScanner(t, nil, "tcp://"+daemon.TCP).Scan(t.Context(), obj)
	require.ErrorIs(t, err, scan.ErrProtocol)
	require.True(t, scan.Retryable(err))
	require.NotEqual(t, scan.Clean, res.Verdict)
}

// before is an empty reader that first does something.
type before func()

func (f before) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

func TestSessionsAreReusedAndReplaced(t *testing.T) {
	daemon := services.StartClamd(t, nil)
	var dialled atomic.Int64
	proxy := serve(t, func(front net.Conn) {
		dialled.Add(1)
		back, err := net.Dial("unix", daemon.Unix)
		if err != nil {
			return
		}
		defer back.Close()
		join(front, back)
	})
	s := newScanner(t, &clamd.Options{Sessions: 1}, "tcp://"+proxy)
	for i := range 20 {
		data, want := []byte("bytes"), scan.Clean
		if i%3 == 0 {
			data, want = eicar.TestFile(), scan.Infected
		}
		res, err := s.Scan(t.Context(), scantest.NewObject(data))
		require.NoError(t, err)
		require.Equal(t, want, res.Verdict)
	}
	require.EqualValues(t, 2, dialled.Load(), "one for the version, one for the session")

	// clamd ends a session that idles; here it ends at once.
	port := services.FreePort(t)
	address := fmt.Sprintf("tcp://127.0.0.1:%d", port)
	first := services.StartClamdOn(t, port, nil)
	s = newScanner(t, &clamd.Options{Sessions: 1}, address)
	_, err := s.Scan(t.Context(), scantest.NewObject(nil))
	require.NoError(t, err)
	first.Kill()
	services.StartClamdOn(t, port, nil)
	_, err = s.Scan(t.Context(), scantest.NewObject(nil))
	require.NoError(t, err, "a session that died idle costs no error")
}

// The must of the whole package: clamd is away, files keep coming, clamd is
// back, and every one of them gets its verdict without help.
func TestEverythingPendingIsScannedOnceClamdIsBack(t *testing.T) {
	port := services.FreePort(t)
	address := fmt.Sprintf("tcp://127.0.0.1:%d", port)
	s := newScanner(t, nil, address)
	ledger := scantest.NewLedger()
	worker := scan.NewWorker(s, ledger, &scan.WorkerOptions{Backoff: 20 * time.Millisecond, MaxOutageBackoff: 100 * time.Millisecond})
	pool := scan.NewPool(worker, nil)
	var oldest atomic.Int64
	reconciler := scan.NewReconciler(ledger, pool, &scan.ReconcilerOptions{
		Interval:  10 * time.Millisecond,
		OnBacklog: func(_ context.Context, b scan.Backlog) { oldest.Store(int64(b.Age())) },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- pool.Run(ctx) }()
	go func() { ended <- reconciler.Run(ctx) }()
	defer func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, <-ended)
	}()
	settled := func(jobs []scan.Job) bool {
		for i, job := range jobs {
			want := scan.StatusClean
			if i%2 == 1 {
				want = scan.StatusInfected
			}
			if ledger.Outcome(job).Status != want {
				return false
			}
		}
		return true
	}
	add := func(n int) (jobs []scan.Job) {
		for i := range n {
			data := fmt.Appendf(nil, "file %d", i)
			if i%2 == 1 {
				data = append(data, eicar.TestFile()...)
			}
			jobs = append(jobs, ledger.Add("acme", scantest.NewObject(data)))
		}
		return jobs
	}

	jobs := add(10) // clamd is not there yet
	time.Sleep(200 * time.Millisecond)
	require.False(t, settled(jobs[:1]))
	require.Positive(t, oldest.Load(), "the wait is observable")

	daemon := services.StartClamdOn(t, port, nil)
	require.Eventually(t, func() bool { return settled(jobs) }, 20*time.Second, 10*time.Millisecond)

	daemon.Kill()
	jobs = add(10)
	time.Sleep(200 * time.Millisecond)
	services.StartClamdOn(t, port, nil)
	require.Eventually(t, func() bool { return settled(jobs) }, 20*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool { return oldest.Load() == 0 }, 10*time.Second, 10*time.Millisecond)
}
