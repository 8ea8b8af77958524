// Temporal is the workflow host beyond one machine: it takes the messages of a
// mailbox through the same workflow file as mailhost, on Temporal, with as many
// worker processes as there are.
//
//	temporal server start-dev                     # or a cluster
//	export DATABASE_URL=postgres://… LINK_SIGNING_KEYS=2026-01:…
//	temporal-example worker -mail ~/Maildir &     # as often as you like, on any machine
//	temporal-example worker -mail ~/Maildir &
//	temporal-example start -json
//
// Package hostenv lists the variables. All workers share one database, and one
// store: S3, or the folder of -data on a file system that they all see.
//
// # How a mailbox goes through
//
//	process-mailbox   imap-sync (activity): reads the mailbox once, stages every
//	│                 attachment, and the rest of its output in pages
//	├─ process-page   a child for each page of 8 attachments, 8 at a time
//	│  ├─ attachment-handler (activity), one for each attachment
//	│  │    └─ scan-attachment (workflow), one for each content
//	│  ├─ attachment-verdict: waits until it is scanned
//	│  └─ release-page (activity): what was staged may go
//	└─ …              after 100 pages it continues as a new run
//
// So no history grows with the mailbox, and no payload with an attachment.
// Templates are rendered in workflow code. The first node of the file brings
// the messages; the others run once for each page.
//
// # Who lives here
//
//   - main.go: the command line. worker.go and start.go: the two commands.
//   - wire.go: what package host does not wire.
//   - interpreter.go: the workflows. mail.go: the activities that bring mail.
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

	"github.com/google/uuid"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/hostenv"
)

func main() {
	if err := runUntilSignal(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "temporal:", err)
		os.Exit(1)
	}
}

func runUntilSignal(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := command(ctx, args, os.Getenv, os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return err
}

func command(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errors.New("want a command: worker or start")
	}
	s, err := parse(args[0], args[1:], getenv, stderr)
	switch {
	case err != nil:
		return err
	case args[0] == "worker":
		return work(ctx, s, stderr)
	case args[0] == "start":
		return start(ctx, s, stdout, stderr)
	default:
		return fmt.Errorf("unknown command %q: want worker or start", args[0])
	}
}

// The input a run takes unless told otherwise.
const (
	testMail     = "testdata/mail"
	testWorkflow = "testdata/workflows/process-email-attachments.json"
)

// settings are the command line and the environment.
type settings struct {
	hostenv.Config

	address, namespace, queue string
	mail, imapPassword, data  string
	workflow, id              string
	parallel                  int
	stall, wait               time.Duration
	asJSON                    bool
}

func parse(name string, args []string, getenv func(string) string, stderr io.Writer) (settings, error) {
	s := settings{imapPassword: getenv("MAILHOST_IMAP_PASSWORD")}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.address, "address", "127.0.0.1:7233", "Temporal's `host:port`")
	flags.StringVar(&s.namespace, "namespace", "default", "Temporal's `namespace`")
	flags.StringVar(&s.queue, "queue", "attachments", "the `task queue` of the workers")
	switch name {
	case "worker":
		flags.StringVar(&s.mail, "mail", testMail, "mail to process: a `file` or folder, or imaps://user@host/FOLDER with the password from MAILHOST_IMAP_PASSWORD")
		flags.StringVar(&s.data, "data", "", "`folder` for blobs, the same for all workers; S3 needs none (default: temporal-example in the user's cache folder)")
		flags.IntVar(&s.parallel, "parallel", 16, "activities at a time")
		flags.DurationVar(&s.stall, "stall", time.Minute, "how long an activity may make no progress")
	default:
		flags.StringVar(&s.workflow, "workflow", testWorkflow, "workflow to run, a JSON `file`")
		flags.StringVar(&s.id, "id", "mailbox-"+uuid.NewString(), "workflow `id`")
		flags.DurationVar(&s.wait, "wait", 10*time.Minute, "how long to wait for each verdict; 0 for not at all")
		flags.BoolVar(&s.asJSON, "json", false, "print JSON instead of a table")
	}
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	var err error
	if s.Config, err = hostenv.Load(getenv); err != nil || name != "worker" {
		return s, err
	}
	if s.data == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return s, fmt.Errorf("find a place for the data (name one with -data): %w", err)
		}
		s.data = filepath.Join(cache, "temporal-example")
	}
	if s.Database.Postgres == "" {
		err = &hostenv.Error{Variable: "DATABASE_URL", Problem: "is required: workers share one database"}
	}
	if len(s.LinkKeys) == 0 {
		err = errors.Join(err, &hostenv.Error{Variable: "LINK_SIGNING_KEYS", Problem: "is required: each worker must accept the others' links"})
	}
	return s, err
}
