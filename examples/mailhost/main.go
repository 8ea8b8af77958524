// Mailhost is a small workflow host: it takes the messages of a mailbox through
// the workflow in testdata/workflows, with the library wired to a file system,
// a SQLite file and a scanner, all in one process, and shows what became of
// every attachment.
//
//	go run ./examples/mailhost            # the project's own test mail
//	go run ./examples/mailhost -mail ~/Maildir
//	go run ./examples/mailhost -imap imaps://user@mail.example.com/INBOX
//	go run ./examples/mailhost -once -json
//
// The environment wires it to PostgreSQL, S3, clamd, VirusTotal and Redis, and
// gives it a login: package hostenv lists the variables. With a login it may
// listen beyond this machine, and serves the API instead of the demo page.
//
//	DATABASE_URL=postgres://… BLOB_STORAGE_TYPE=s3 AWS_S3_BUCKET=mail \
//	CLAMAV_HOST=clamav REDIS_URL=redis://redis JWT_PUBLIC_KEY="$(cat jwt.pem)" \
//	LINK_SIGNING_KEYS=2026-01:… TENANT_ID=… USER_ID=… mailhost -addr :8025
//
// # Who lives here
//
//   - main.go: the command line. run.go: what happens, and how it ends.
//   - host.go: the library wired together; read wire.
//   - store.go, records.go, scanner.go, links.go: its parts. access.go: who may
//     call. routes.go, page.go: what is served.
//   - process.go: the workflow and its nodes. report.go: what came of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/hostenv"
)

func main() {
	if err := runUntilSignal(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mailhost:", err)
		os.Exit(1)
	}
}

func runUntilSignal(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, args, os.Getenv, os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return err
}

// The input a run takes unless told otherwise.
const (
	testMail     = "testdata/mail"
	testWorkflow = "testdata/workflows/process-email-attachments.json"
)

// settings are the command line and the environment.
type settings struct {
	hostenv.Config

	mail, imap, workflow, data, addr string
	imapPassword                     string
	once, asJSON, verbose            bool
	parallel                         int
	wait                             time.Duration
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (settings, error) {
	s := settings{imapPassword: getenv("MAILHOST_IMAP_PASSWORD")}
	flags := flag.NewFlagSet("mailhost", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.mail, "mail", testMail, "mail to process: an .eml or mbox `file`, a folder of them, or a Maildir")
	flags.StringVar(&s.imap, "imap", "", "mail to process: an IMAP account, imaps://user@host/FOLDER; the password from MAILHOST_IMAP_PASSWORD")
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
	return s, err
}
