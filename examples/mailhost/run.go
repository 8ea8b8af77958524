package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// errInterrupted ends a run that was to finish: whoever waits for -once must
// not take it for done.
var errInterrupted = errors.New("interrupted; nothing is lost, the next run goes on from here")

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	s, err := parse(args, getenv, stderr)
	if err != nil {
		return err
	}
	interrupted := ctx
	host, err := openHost(ctx, s, newLogger(s, stderr))
	if err != nil {
		return err
	}
	defer host.close()
	if !s.Scan.Enabled {
		fmt.Fprintln(stderr, "mailhost: NOTHING IS SCANNED FOR VIRUSES, and everything is served: ENABLE_VIRUS_SCAN is false")
	}

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
			return host.once(ctx, stdout, stderr)
		}
		return host.serve(ctx, stdout, stderr)
	})
	err = background.Wait()
	switch {
	case interrupted.Err() != nil && s.once:
		return errInterrupted
	case err != nil && !errors.Is(err, context.Canceled):
		return err
	}
	return nil
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

// once processes the mail, waits for the verdicts, and prints the table.
func (h *host) once(ctx context.Context, stdout, stderr io.Writer) error {
	report, err := h.process(ctx, stderr)
	if err != nil {
		return err
	}
	if err := h.awaitScans(ctx, h.settings.wait); err != nil {
		fmt.Fprintln(stderr, "mailhost:", err)
	}
	if err := h.refresh(ctx, report); err != nil {
		return err
	}
	return report.print(stdout, h.settings.asJSON)
}

// serve processes the mail while it already shows the results.
func (h *host) serve(ctx context.Context, stdout, stderr io.Writer) error {
	listener, err := h.listen(ctx)
	if err != nil {
		return err
	}
	routes, err := h.routes()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
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
	group.Go(func() error { return h.once(ctx, stdout, stderr) })
	return group.Wait()
}

// listen refuses to show tenants' mail to a network without a login.
func (h *host) listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", h.settings.addr)
	if err != nil {
		return nil, err
	}
	tcp, ok := listener.Addr().(*net.TCPAddr)
	if h.settings.Login == nil && (!ok || !tcp.IP.IsLoopback()) {
		_ = listener.Close()
		return nil, fmt.Errorf("-addr %s: is not a loopback address, and this host has no login; set JWT_PUBLIC_KEY, JWT_SECRET or JWT_JWKS_URL", h.settings.addr)
	}
	return listener, nil
}
