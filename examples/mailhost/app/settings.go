package app

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/hostenv"
)

// The input a run takes unless told otherwise.
const (
	testMail     = "testdata/mail"
	testWorkflow = "testdata/workflows/process-email-attachments.json"
)

const usage = `usage: mailhost [flags]          takes mail through the workflow and shows what came of it
       mailhost doctor [flags]   checks every part and says what to do; status 1 if one fails

The environment wires it to PostgreSQL, S3, clamd, VirusTotal and Redis, and
gives it a login: see the documentation of examples/hostenv.

`

// settings are the command line and the environment.
type settings struct {
	hostenv.Config

	mail, imap, workflow, data, addr string
	imapPassword                     string
	once, asJSON, verbose, doctor    bool
	parallel                         int
	wait                             time.Duration
	logger                           *slog.Logger
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (settings, error) {
	s := settings{imapPassword: getenv("MAILHOST_IMAP_PASSWORD")}
	if len(args) > 0 && args[0] == "doctor" {
		s.doctor, args = true, args[1:]
	}
	flags := flag.NewFlagSet("mailhost", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&s.mail, "mail", testMail, "mail to process: an .eml or mbox `file`, a folder of them, or a Maildir")
	flags.StringVar(&s.imap, "imap", "", "mail to process: an IMAP `account`, imaps://user@host/FOLDER; the password from MAILHOST_IMAP_PASSWORD")
	flags.StringVar(&s.workflow, "workflow", testWorkflow, "workflow to run, a JSON `file`")
	flags.StringVar(&s.data, "data", "", "`folder` for blobs and records, kept between runs (default: mailhost in the user's cache folder)")
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8025", "`address` to serve the results on; one of this machine, unless there is a login")
	flags.BoolVar(&s.once, "once", false, "process, wait for the scans, print the table and exit")
	flags.BoolVar(&s.asJSON, "json", false, "print JSON instead of a table")
	flags.BoolVar(&s.verbose, "v", false, "log what the library logs")
	flags.IntVar(&s.parallel, "parallel", 4, "attachments processed at a time")
	flags.DurationVar(&s.wait, "wait", time.Minute, "how long -once waits for the scans")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if s.data == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return s, fmt.Errorf("find a place for the data (name one with -data): %w", err)
		}
		s.data = filepath.Join(cache, "mailhost")
	}
	var err error
	s.Config, err = hostenv.Load(getenv)
	if s.Login != nil && s.TenantID == "" && s.UserID == "" {
		err = errors.Join(err, &hostenv.Error{Variable: "TENANT_ID, USER_ID", Problem: "are required with a login (JWT_*): whose mail is this?"})
	}
	s.logger = newLogger(s, stderr)
	return s, err
}

// newLogger is quiet on a developer's machine. A host with a login has an
// audit to keep.
func newLogger(s settings, stderr io.Writer) *slog.Logger {
	switch {
	case s.Login != nil:
		return slog.New(slog.NewJSONHandler(stderr, nil))
	case s.verbose:
		return slog.New(slog.NewTextHandler(stderr, nil))
	default:
		return slog.New(slog.DiscardHandler)
	}
}
