package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	sdk "go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/temporalnode"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/host"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailhost/app"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/outcome"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// These make the test binary the command, for tests that kill it, or mailhost,
// to compare with.
const (
	asHost     = "TEMPORAL_TEST_RUN"
	asMailhost = "TEMPORAL_TEST_MAILHOST"
)

func TestMain(m *testing.M) {
	if os.Getenv(asMailhost) != "" {
		os.Exit(app.Main(nil))
	}
	if args := os.Getenv(asHost); args != "" {
		if err := runUntilSignal(strings.Split(args, "\n")); err != nil {
			fmt.Fprintln(os.Stderr, "temporal:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const linkKeys = "2026-11:Zk8vQ2nLr5xWb1yTg7mHs4dJc9pEu6aF3oKi0qRt"

// cluster is a Temporal server, a database and a folder that all workers see.
type cluster struct {
	temporal *services.Temporal
	postgres *services.Postgres
	database string
	data     string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	postgres := services.StartPostgres(t, false)
	return &cluster{services.StartTemporal(t), postgres, postgres.NewDatabase(t), t.TempDir()}
}

func (c *cluster) command(database string, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self)
	cmd.Dir = "../.."
	args = append(args, "-address", c.temporal.Addr)
	cmd.Env = append(os.Environ(), asHost+"="+strings.Join(args, "\n"), "DATABASE_URL="+database, "LINK_SIGNING_KEYS="+linkKeys)
	return cmd
}

// worker starts a worker process, which ends with the test at the latest.
func (c *cluster) worker(t *testing.T, database, mail string) *exec.Cmd {
	t.Helper()
	w := c.command(database, "worker", "-mail", mail, "-data", c.data, "-stall", "3s")
	log := &bytes.Buffer{}
	w.Stdout, w.Stderr = log, log
	require.NoError(t, w.Start())
	t.Cleanup(func() {
		_ = w.Process.Kill()
		_ = w.Wait()
		if t.Failed() {
			t.Logf("a worker said:\n%s", log)
		}
	})
	return w
}

// start runs the workflow to its end.
func (c *cluster) start(t *testing.T, id, workflow string) (r outcome.Report) {
	t.Helper()
	cmd := c.command(c.database, "start", "-json", "-id", id, "-workflow", workflow)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), stderr.String())
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &r))
	return r
}

// settings are a worker's, for looking at what it left.
func (c *cluster) settings(t *testing.T) settings {
	t.Helper()
	env := map[string]string{"DATABASE_URL": c.database, "LINK_SIGNING_KEYS": linkKeys}
	s, err := parse("worker", []string{"-data", c.data, "-address", c.temporal.Addr}, func(name string) string { return env[name] }, io.Discard)
	require.NoError(t, err)
	return s
}

// embedded runs mailhost over the same mail.
func embedded(t *testing.T, mail, workflow string) (r outcome.Report) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	run := exec.Command(self, "-once", "-json", "-mail", mail, "-workflow", workflow, "-data", t.TempDir())
	run.Env = append(os.Environ(), asMailhost+"=1")
	run.Dir = "../.."
	out, err := run.Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &r))
	return r
}

// table is what two hosts must agree on.
func table(r outcome.Report) (lines []string) {
	for _, a := range r.Attachments {
		line := fmt.Sprintf("%s %q %s %d %s %s %q", a.MessageID, a.Filename, a.MIMEType, a.Size, a.ScanStatus, a.Result.ErrorCode, a.Result.Error)
		if out := a.Result.Output; out != nil {
			line += " " + out.Data.AttachmentID + " " + out.Data.ContentHash + " " + out.Data.Filename
		}
		lines = append(lines, line)
	}
	for _, u := range r.Unreadable {
		lines = append(lines, u.Location+" "+u.Error)
	}
	return lines
}

// TestSameTable runs the project's test mail through both hosts.
func TestSameTable(t *testing.T) {
	c := newCluster(t)
	for range 2 {
		c.worker(t, c.database, testMail)
	}
	got := c.start(t, "test-mail", testWorkflow)
	require.Equal(t, table(embedded(t, testMail, testWorkflow)), table(got))
	require.Equal(t, table(got), table(c.start(t, "test-mail-again", testWorkflow)), "the same again")
	require.Zero(t, countFiles(t, c.data+"/staging"), "staged and not released")
}

const (
	messages = 200
	each     = 5
)

// TestWorkersLost takes 1,000 attachments through three workers, of which one
// is killed and one loses its database for good.
func TestWorkersLost(t *testing.T) {
	c := newCluster(t)
	mail, workflow := t.TempDir(), filepath.Join(t.TempDir(), "workflow.json")
	contents := writeMail(t, mail)
	file, err := os.ReadFile("../../" + testWorkflow)
	require.NoError(t, err)
	file = bytes.Replace(file, []byte(`"maxMessages": 100`), fmt.Appendf(nil, `"maxMessages": %d`, messages), 1)
	require.NoError(t, os.WriteFile(workflow, file, 0o600))

	line := newPartition(t, fmt.Sprintf("127.0.0.1:%d", c.postgres.Port))
	workers := []*exec.Cmd{c.worker(t, c.database, mail), c.worker(t, c.database, mail), c.worker(t, line.through(t, c.database), mail)}

	lost := make(chan [2]int, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		defer close(lost)
		var at [2]int
		at[0] = c.awaitRecords(ctx, messages*each/8)
		_ = workers[1].Process.Kill()
		at[1] = c.awaitRecords(ctx, messages*each/4)
		line.cut()
		lost <- at
	}()
	begun := time.Now()
	got := c.start(t, "big", workflow)
	stop()
	at := <-lost
	t.Logf("%d attachments in %s; one worker killed at %d records, one cut off at %d", len(got.Attachments), time.Since(begun).Round(time.Second), at[0], at[1])
	require.Positive(t, at[1])
	require.Less(t, at[1], messages*each, "the workers were lost in the middle")

	require.Len(t, got.Attachments, messages*each)
	require.Empty(t, got.Unreadable)
	require.Equal(t, table(embedded(t, mail, workflow)), table(got))

	require.Equal(t, messages*each, c.count(t, "SELECT count(*) FROM email_attachments"), "each attachment once")
	require.Equal(t, contents, c.count(t, "SELECT count(*) FROM attachment_contents WHERE state = 'stored'"), "each content once")
	require.Zero(t, c.count(t, "SELECT count(*) FROM attachment_contents WHERE state = 'stored' AND scan_status <> 'clean'"))
	require.Zero(t, countFiles(t, c.data+"/staging"), "staged and not released")
	c.checkHistories(t)

	for _, w := range workers {
		_ = w.Process.Kill()
	}
	line.close()
	h, err := open(t.Context(), c.settings(t), scan.QueueFunc(nil), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer h.Close()
	checkLinks(t, h, got)
	_, err = h.Handler.Sweep(t.Context(), &attachment.SweepOptions{IntentGrace: time.Millisecond})
	require.NoError(t, err)
	require.Equal(t, contents, c.count(t, "SELECT count(*) FROM attachment_contents"), "what the lost workers left is reclaimed")
	require.Equal(t, contents, countFiles(t, c.data+"/blobs"))
}

// writeMail writes messages of which some attachments are the same, and returns
// how many contents there are.
func writeMail(t *testing.T, dir string) int {
	t.Helper()
	contents := map[string]bool{}
	for m := range messages {
		var b strings.Builder
		fmt.Fprintf(&b, "Message-ID: <m%d@example.com>\r\nFrom: a@example.com\r\nSubject: %d\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", m, m)
		for a := range each {
			n := (m*each + a) % 400
			size := 200 + n*20
			if n%50 == 0 {
				size = 700 << 10 // streams into the store instead of being held
			}
			text := strings.Repeat(fmt.Sprintf("content %d\n", n), size/12+1)
			contents[text] = true
			fmt.Fprintf(&b, "--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"part-%d.txt\"\r\nContent-Transfer-Encoding: base64\r\n\r\n", a)
			encoded := base64.StdEncoding.EncodeToString([]byte(text))
			for len(encoded) > 76 {
				b.WriteString(encoded[:76] + "\r\n")
				encoded = encoded[76:]
			}
			b.WriteString(encoded + "\r\n")
		}
		b.WriteString("--b--\r\n")
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.eml", m)), []byte(b.String()), 0o600))
	}
	return len(contents)
}

// awaitRecords waits for so many records and returns how many there are then.
func (c *cluster) awaitRecords(ctx context.Context, n int) (count int) {
	db, err := sql.Open("postgres", c.database)
	if err != nil {
		return 0
	}
	defer db.Close()
	for ctx.Err() == nil {
		// Until a worker has migrated there is no table.
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM email_attachments").Scan(&count); err == nil && count >= n {
			return count
		}
		time.Sleep(10 * time.Millisecond)
	}
	return 0
}

func (c *cluster) count(t *testing.T, query string) (n int) {
	t.Helper()
	db, err := sql.Open("postgres", c.database)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRow(query).Scan(&n))
	return n
}

// checkLinks follows the link of every attachment to its bytes.
func checkLinks(t *testing.T, h *host.Host, r outcome.Report) {
	t.Helper()
	for _, a := range r.Attachments {
		out := a.Result.Output
		require.NotNil(t, out, a.Filename)
		link, err := url.Parse(out.Data.PresignedURL)
		require.NoError(t, err)
		key, ok := strings.CutPrefix(link.Path, "/api/v1/attachments/download/")
		require.True(t, ok, link.Path)
		ctx, record, err := h.Handler.FollowLink(t.Context(), "GET", key, link.RawQuery)
		require.NoError(t, err)
		body, err := h.Handler.Open(ctx, record, 0, -1)
		require.NoError(t, err)
		sum := sha256.New()
		_, err = io.Copy(sum, body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		require.Equal(t, out.Data.ContentHash, hex.EncodeToString(sum.Sum(nil)))
	}
}

// checkHistories makes sure that neither payloads nor histories grow with the
// mail, and that the workflows, run again over their own histories, decide as
// they did.
func (c *cluster) checkHistories(t *testing.T) {
	t.Helper()
	s := c.settings(t)
	quiet := slog.New(slog.DiscardHandler)
	logger := log.NewStructuredLogger(quiet)
	temporal, err := dial(s, temporalnode.NewTenants(s.resolve), quiet)
	require.NoError(t, err)
	defer temporal.Close()
	largest, longest := 0, 0
	ids := []string{"big"}
	for number := range messages * each / pageAttachments {
		ids = append(ids, pageID("big", number))
	}
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{ContextPropagators: []sdk.ContextPropagator{temporalnode.NewTenants(s.resolve)}})
	require.NoError(t, err)
	register(replayer)
	for number, id := range ids {
		var events []*historypb.HistoryEvent
		history := temporal.GetWorkflowHistory(t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			event, err := history.Next()
			require.NoError(t, err)
			events = append(events, event)
			largest = max(largest, proto.Size(event))
		}
		longest = max(longest, len(events))
		if number%10 != 0 {
			continue // one in ten is enough to replay
		}
		replayed := replayer.ReplayWorkflowHistoryWithOptions(logger, &historypb.History{Events: events},
			worker.ReplayWorkflowHistoryOptions{OriginalExecution: sdk.Execution{ID: id}})
		require.NoError(t, replayed, id)
	}
	t.Logf("largest event %d bytes, longest history %d events", largest, longest)
	require.Less(t, largest, 16<<10)
	require.Less(t, longest, 2000)
}

func countFiles(t *testing.T, dir string) (n int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && len(d.Name()) == 64 {
			n++
		}
		return err
	}))
	return n
}
