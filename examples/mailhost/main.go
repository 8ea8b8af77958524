// Mailhost is a small workflow host: it takes the messages of a mailbox through
// the workflow in testdata/workflows, with the library wired to a file system,
// a SQLite file and a scanner, all in one process, and shows what became of
// every attachment.
//
//	go run ./examples/mailhost            # the project's own test mail
//	go run ./examples/mailhost -mail ~/Maildir
//	go run ./examples/mailhost -imap imaps://user@mail.example.com/INBOX
//	go run ./examples/mailhost -once -json
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "mailhost:", err)
		os.Exit(1)
	}
}

// The input a run takes unless told otherwise.
const (
	testMail     = "testdata/mail"
	testWorkflow = "testdata/workflows/process-email-attachments.json"
)

// settings are the command line.
type settings struct {
	mail, imap, workflow, data, addr, clamd string
	once, asJSON, verbose                   bool
	parallel                                int
	wait                                    time.Duration
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("mailhost", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.mail, "mail", testMail, "mail to process: an .eml or mbox `file`, a folder of them, or a Maildir")
	flags.StringVar(&s.imap, "imap", "", "mail to process: an IMAP account, imaps://user@host/FOLDER; the password from MAILHOST_IMAP_PASSWORD")
	flags.StringVar(&s.workflow, "workflow", testWorkflow, "workflow to run, a JSON `file`")
	flags.StringVar(&s.data, "data", "", "`folder` for blobs and records, kept between runs (default: mailhost in the user's cache folder)")
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8025", "loopback `address` to serve the results on")
	flags.StringVar(&s.clamd, "clamd", os.Getenv("CLAMD"), "clamd to scan with, tcp://host:port or unix:///path, several separated by commas (default: a demo scanner that knows only EICAR)")
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
	return s, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	logger := slog.New(slog.DiscardHandler)
	if s.verbose {
		logger = slog.New(slog.NewTextHandler(stderr, nil))
	}
	host, err := openHost(ctx, s, logger)
	if err != nil {
		return err
	}
	defer host.close()

	// Everything that runs beside the workflow ends when this group does.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	background, ctx := errgroup.WithContext(ctx)
	background.Go(func() error { return host.pool.Run(ctx) })
	background.Go(func() error { return host.reconciler.Run(ctx) })
	background.Go(func() error { return host.sweepHourly(ctx) })
	background.Go(func() error {
		defer stop()
		if s.once {
			return host.once(ctx, s, stdout, stderr)
		}
		return host.serve(ctx, s, stdout, stderr)
	})
	if err := background.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// once processes the mail, waits for the verdicts, and prints the table.
func (h *host) once(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	report, err := h.process(ctx, s, stderr)
	if err != nil {
		return err
	}
	if err := h.awaitScans(ctx, s.wait); err != nil {
		fmt.Fprintln(stderr, "mailhost:", err)
	}
	if err := h.refresh(ctx, report); err != nil {
		return err
	}
	return report.print(stdout, s.asJSON)
}

// serve processes the mail while it already shows the results.
func (h *host) serve(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	listener, err := listenLoopback(s.addr)
	if err != nil {
		return err
	}
	routes, err := h.routes()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return server.Shutdown(grace)
	})
	fmt.Fprintf(stderr, "results on http://%s/ (Ctrl-C ends)\n", listener.Addr())
	group.Go(func() error { return h.once(ctx, s, stdout, stderr) })
	return group.Wait()
}

// listenLoopback refuses to show tenants' mail to a network: this host has no
// login.
func listenLoopback(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		_ = listener.Close()
		return nil, fmt.Errorf("-addr %s: is not a loopback address, and this host has no login", addr)
	}
	return listener, nil
}
