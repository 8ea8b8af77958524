package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/outcome"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/services"
)

// asHost makes the test binary the mailhost, for tests that kill it.
const asHost = "MAILHOST_TEST_RUN"

func TestMain(m *testing.M) {
	if args := os.Getenv(asHost); args != "" {
		if err := runUntilSignal(strings.Split(args, "\n"), nil); err != nil {
			fmt.Fprintln(os.Stderr, "mailhost:", err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// env is an environment.
type env map[string]string

func (e env) get(name string) string { return e[name] }

// runHost runs the command from the top folder, as the README does, with
// nothing in the environment.
func runHost(t *testing.T, args ...string) (outcome.Report, string, error) {
	t.Helper()
	return env{}.runHost(t, args...)
}

func (e env) runHost(t *testing.T, args ...string) (outcome.Report, string, error) {
	t.Helper()
	t.Chdir("../../..")
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), append([]string{"-once", "-json"}, args...), e.get, &stdout, &stderr, nil)
	var r outcome.Report
	if stdout.Len() > 0 {
		require.NoError(t, json.Unmarshal(stdout.Bytes(), &r))
	}
	t.Chdir("examples/mailhost/app")
	return r, stderr.String(), err
}

// expectation is a line of testdata/mail/expected.json, whose hashes were
// computed from the mail by other code than the host's.
type expectation struct {
	File, MessageID, Filename, SHA256, Expect, Scan string
	Size                                            int64
}

func expectations(t *testing.T) (list []expectation) {
	t.Helper()
	data, err := os.ReadFile("../../../testdata/mail/expected.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &list))
	return list
}

// TestMainJob is the README's first command, checked attachment by attachment.
func TestMainJob(t *testing.T) {
	data := t.TempDir()
	first, _, err := runHost(t, "-data", data)
	require.NoError(t, err)

	contents := checkMail(t, first)
	require.Equal(t, contents, countBlobs(t, data), "one blob for each content, none for what was refused")

	again, _, err := runHost(t, "-data", data)
	require.NoError(t, err)
	require.Equal(t, lasting(first), lasting(again))
	require.Equal(t, contents, countBlobs(t, data))
}

// checkMail compares a run over testdata/mail with what was expected of it, and
// returns how many different contents that makes.
func checkMail(t *testing.T, got outcome.Report) (contents int) {
	t.Helper()
	rows := map[[2]string]outcome.Row{}
	for _, a := range got.Attachments {
		rows[[2]string{a.MessageID, a.Filename}] = a
	}
	wanted, stored, unreadable := 0, map[string]bool{}, 0
	for _, e := range expectations(t) {
		if e.Expect == "UNREADABLE" {
			unreadable++
			continue
		}
		wanted++
		a, ok := rows[[2]string{e.MessageID, e.Filename}]
		require.True(t, ok, "%s: %q is missing", e.File, e.Filename)
		if e.Expect != "processed" {
			require.Equal(t, e.Expect, string(a.Result.ErrorCode), "%s: %q", e.File, e.Filename)
			require.Nil(t, a.Result.Output)
			continue
		}
		require.Empty(t, a.Result.Error, "%s: %q", e.File, e.Filename)
		require.Equal(t, e.SHA256, a.Result.Output.Data.ContentHash, "%s: %q", e.File, e.Filename)
		require.Equal(t, e.Size, a.Size, "%s: %q", e.File, e.Filename)
		require.Equal(t, e.Scan, a.ScanStatus, "%s: %q", e.File, e.Filename)
		stored[e.SHA256] = true
	}
	require.Len(t, got.Attachments, wanted)
	require.Len(t, got.Unreadable, unreadable)
	return len(stored)
}

// TestLinks follows the link of every attachment: the right bytes, except for
// what was found infected.
func TestLinks(t *testing.T) {
	data := t.TempDir()
	result, _, err := runHost(t, "-data", data)
	require.NoError(t, err)
	server := serveData(t, data)
	for _, a := range result.Attachments {
		if a.Result.Output == nil {
			continue
		}
		link, err := url.Parse(a.Result.Output.Data.PresignedURL)
		require.NoError(t, err)
		resp, err := http.Get(server + link.RequestURI())
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		if a.ScanStatus == "infected" {
			require.Equal(t, http.StatusForbidden, resp.StatusCode)
			require.NotContains(t, string(body), "EICAR-STANDARD")
			continue
		}
		require.Equal(t, http.StatusOK, resp.StatusCode, a.Filename)
		require.Len(t, body, int(a.Size), a.Filename)
		require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))

		resp, err = http.Get(server + link.RequestURI() + "0")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusForbidden, resp.StatusCode, "a changed link")
	}
	resp, err := http.Get(server + "/")
	require.NoError(t, err)
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(page), "photos.zip")
	require.Contains(t, string(page), `data-status="infected"`)
}

// serveData serves what a run left, as a second run would.
func serveData(t *testing.T, data string) string {
	t.Helper()
	s, err := parse([]string{"-data", data}, env{}.get, io.Discard)
	require.NoError(t, err)
	m, err := open(t.Context(), s, nil)
	require.NoError(t, err)
	routes, err := m.routes(t.Context())
	require.NoError(t, err)
	server := httptest.NewServer(routes)
	t.Cleanup(func() {
		server.Close()
		http.DefaultClient.CloseIdleConnections()
		m.host.Close()
	})
	return server.URL
}

// TestClamd takes the verdicts from a real daemon.
func TestClamd(t *testing.T) {
	daemon := services.StartClamd(t, nil)
	host, port, err := net.SplitHostPort(daemon.TCP)
	require.NoError(t, err)
	result, _, err := env{"CLAMAV_HOST": host, "CLAMAV_PORT": port}.runHost(t, "-data", t.TempDir())
	require.NoError(t, err)
	verdicts := map[string]int{}
	for _, a := range result.Attachments {
		if out := a.Result.Output; out != nil {
			require.Contains(t, out.Data.VirusScanDetails.Engine, "clam", a.Filename)
			verdicts[a.ScanStatus]++
		}
	}
	require.Equal(t, 1, verdicts["infected"], verdicts)
	require.Equal(t, 2, len(verdicts), verdicts) // the rest is clean
}

// TestKilled lets SIGKILL hit the run at many moments; the run after it ends
// in the same table as one that was left in peace.
func TestKilled(t *testing.T) {
	data := t.TempDir()
	calm := finish(t, "-data", data)
	total := countBlobs(t, data)
	for blobs := 0; blobs < total*3/4; blobs += 4 {
		t.Run(fmt.Sprintf("%d of %d blobs stored", blobs, total), func(t *testing.T) {
			t.Parallel() // most of the time each waits for a dead worker's lease
			data := t.TempDir()
			victim := env{}.child(t, "-parallel", "2", "-data", data)
			require.NoError(t, victim.Start())
			eventually(func() bool { return countBlobs(t, data) >= blobs })
			time.Sleep(rand.N(5 * time.Millisecond)) // not only just after a blob
			require.NoError(t, victim.Process.Kill())
			require.Error(t, victim.Wait(), "the run was over already")

			after := finish(t, "-data", data)
			require.Equal(t, table(calm), table(after))
			require.Equal(t, total, countBlobs(t, data))
			require.Equal(t, lasting(after), lasting(finish(t, "-data", data)))
		})
	}
}

// child is the command in a process of its own, with e added to the
// environment.
func (e env) child(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.Command(self)
	child.Dir = "../../.."
	child.Env = append(os.Environ(), asHost+"="+strings.Join(append([]string{"-once", "-json"}, args...), "\n"))
	for name, value := range e {
		child.Env = append(child.Env, name+"="+value)
	}
	return child
}

// finish runs the command in a process of its own to its end.
func finish(t *testing.T, args ...string) (r outcome.Report) {
	t.Helper()
	output, err := env{}.child(t, args...).Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(output, &r))
	return r
}

// eventually waits until a condition holds, for a minute at most; what follows
// finds out which of the two it was.
func eventually(holds func() bool) {
	for deadline := time.Now().Add(time.Minute); !holds() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

func TestBadInput(t *testing.T) {
	write := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	workflow, err := os.ReadFile("../../../" + testWorkflow)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"no such folder":    {[]string{"-mail", "no/such/folder"}, []string{"no/such/folder", "imap-sync"}},
		"no workflow":       {[]string{"-workflow", "missing.json"}, []string{"missing.json"}},
		"not JSON":          {[]string{"-workflow", write("w.json", "{")}, []string{"w.json"}},
		"unknown node type": {[]string{"-workflow", write("w.json", strings.Replace(string(workflow), `"attachment-handler"`, `"attachment-mangler"`, 1))}, []string{"w.json", "handle-attachment", "attachment-mangler"}},
		"empty template":    {[]string{"-workflow", write("w.json", strings.Replace(string(workflow), "context.folderId", "context.folder", 1))}, []string{"w.json", "imap-sync", "context.folder"}},
		"public address":    {[]string{"-addr", "0.0.0.0:0", "-once=false"}, []string{"0.0.0.0:0", "loopback"}},
		"stray argument":    {[]string{"what"}, []string{"what"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := runHost(t, append([]string{"-data", t.TempDir()}, c.args...)...)
			require.Error(t, err)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}

	// A template that fails for one attachment is that attachment's trouble.
	broken := strings.Replace(string(workflow), "$json.attachment.mimeType", "$json.attachment.colour", 1)
	result, _, err := runHost(t, "-data", t.TempDir(), "-workflow", write("w.json", broken))
	require.NoError(t, err)
	require.Contains(t, result.Attachments[0].Result.Error, "colour")

	// So is a message that cannot be read.
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a.eml"), []byte("\x00\x01 no mail"), 0o600))
	good, err := os.ReadFile("../../../testdata/mail/outlook-pdf.eml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "b.eml"), good, 0o600))
	result, stderr, err := runHost(t, "-data", t.TempDir(), "-mail", folder)
	require.NoError(t, err)
	require.Contains(t, stderr, "a.eml")
	require.Len(t, result.Unreadable, 1)
	require.Len(t, result.Attachments, 1)
}

// TestOnceSaysWhatIsMissing: a script that runs -once must not take mail for
// stored when the store was away.
func TestOnceSaysWhatIsMissing(t *testing.T) {
	away := env{
		"BLOB_STORAGE_TYPE": "s3", "AWS_S3_BUCKET": "mail", "AWS_S3_ENDPOINT": "http://127.0.0.1:1",
		"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
	}
	data, mail := t.TempDir(), "testdata/mail/outlook-pdf.eml"
	result, _, err := away.runHost(t, "-data", data, "-mail", mail)
	require.ErrorContains(t, err, "1 of 1 attachments are not stored")
	require.Equal(t, attachment.CodeStorage, result.Attachments[0].Result.ErrorCode)

	result, _, err = runHost(t, "-data", data, "-mail", mail)
	require.NoError(t, err, "the next run has a store")
	require.Equal(t, attachment.StatusSuccess, result.Attachments[0].Result.Status)
}

// table is what a person sees of a report, but for which of several equal
// attachments came first.
func table(r outcome.Report) []string {
	lines := []string{}
	for _, a := range r.Attachments {
		line := fmt.Sprintf("%s %q %s %d %s %s", a.MessageID, a.Filename, a.MIMEType, a.Size, a.ScanStatus, a.Result.ErrorCode)
		if out := a.Result.Output; out != nil {
			line += " " + out.Data.AttachmentID + " " + out.Data.ContentHash
		}
		lines = append(lines, line)
	}
	return lines
}

// lasting is what every later run over the same data must repeat.
func lasting(r outcome.Report) []attachment.Processed {
	var all []attachment.Processed
	for _, a := range r.Attachments {
		if out := a.Result.Output; out != nil {
			p := out.Data
			p.PresignedURL, p.ProcessedAt, p.ProcessingTime = "", 0, 0
			all = append(all, p)
		}
	}
	return all
}

func countBlobs(t *testing.T, data string) (n int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(filepath.Join(data, "blobs"), func(_ string, d os.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // a host is at work
		case err == nil && d.Type().IsRegular() && len(d.Name()) == 64:
			n++
		}
		return err
	}))
	return n
}
