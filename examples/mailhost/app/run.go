package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/host"
	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/outcome"
)

// errInterrupted ends a run that was to finish: whoever waits for -once must
// not take it for done.
var errInterrupted = errors.New("interrupted; nothing is lost, the next run goes on from here")

// mailhost is a host with a mailbox.
type mailhost struct {
	settings settings
	host     *host.Host
	headings headings
	metrics  *metrics // nil: nobody asks for them
}

func open(ctx context.Context, s settings, opts *Options) (*mailhost, error) {
	parts := host.Settings{Config: s.Config, Data: s.data, Addr: s.addr, Logger: s.logger}
	if strings.HasSuffix(s.addr, ":0") {
		parts.Addr = "" // nobody knows the port yet
	}
	if opts != nil {
		parts.NewScans = opts.NewScans
	}
	var measured *metrics
	if s.MetricsAddr != "" {
		var err error
		if measured, err = newMetrics(); err != nil {
			return nil, err
		}
		parts.MeterProvider = measured.provider
	}
	wired, err := host.Open(ctx, parts)
	return &mailhost{settings: s, host: wired, metrics: measured}, err
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer, opts *Options) error {
	s, err := parse(args, getenv, stderr)
	if err != nil {
		return err
	}
	if s.doctor {
		return examine(ctx, s, stdout)
	}
	interrupted := ctx
	m, err := open(ctx, s, opts)
	if err != nil {
		return err
	}
	defer m.host.Close()
	if !s.Scan.Enabled {
		fmt.Fprintln(stderr, "mailhost: NOTHING IS SCANNED FOR VIRUSES, and everything is served: ENABLE_VIRUS_SCAN is false")
	}

	// Everything that runs beside the workflow ends when this group does.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	background, ctx := errgroup.WithContext(ctx)
	background.Go(func() error { return m.host.Run(ctx) })
	if m.metrics != nil {
		background.Go(func() error { return m.metrics.serve(ctx, s.MetricsAddr) })
	}
	background.Go(func() error {
		defer stop()
		if s.once {
			report, err := m.once(ctx, stdout, stderr)
			if err != nil {
				return err
			}
			if n := report.Failed(); n > 0 {
				return fmt.Errorf("something failed: %d of %d attachments are not stored; the next run tries them again", n, len(report.Attachments))
			}
			return nil
		}
		return m.serve(ctx, stdout, stderr)
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

// errUnwell makes the exit status of a doctor who found something.
var errUnwell = errors.New("a check failed")

func examine(ctx context.Context, s settings, stdout io.Writer) error {
	findings := host.Examine(ctx, host.Settings{Config: s.Config, Data: s.data, Logger: s.logger})
	if err := findings.Print(stdout, s.asJSON); err != nil {
		return err
	}
	if !findings.Healthy() {
		return errUnwell
	}
	return nil
}

// once processes the mail, waits for the verdicts, and prints the table.
func (m *mailhost) once(ctx context.Context, stdout, stderr io.Writer) (*outcome.Report, error) {
	report, err := m.process(ctx, stderr)
	if err != nil {
		return nil, err
	}
	if err := m.host.AwaitScans(ctx, m.settings.wait); err != nil {
		fmt.Fprintln(stderr, "mailhost:", err)
	}
	if err := m.refresh(ctx, report); err != nil {
		return nil, err
	}
	return report, report.Print(stdout, m.settings.asJSON)
}

// serve processes the mail while it already shows the results.
func (m *mailhost) serve(ctx context.Context, stdout, stderr io.Writer) error {
	listener, err := m.listen(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	routes, err := m.routes(ctx)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		m.host.Drain()
		time.Sleep(m.settings.ShutdownDelay) // until whoever sends requests has seen it
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return server.Shutdown(grace)
	})
	fmt.Fprintf(stderr, "results on http://%s/ (Ctrl-C ends)\n", listener.Addr())
	group.Go(func() error {
		_, err := m.once(ctx, stdout, stderr)
		return err
	})
	return group.Wait()
}

// listen refuses to show tenants' mail to a network without a login.
func (m *mailhost) listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", m.settings.addr)
	if err != nil {
		return nil, err
	}
	tcp, ok := listener.Addr().(*net.TCPAddr)
	if m.settings.Login == nil && (!ok || !tcp.IP.IsLoopback()) {
		_ = listener.Close()
		return nil, fmt.Errorf("-addr %s: is not a loopback address, and this host has no login; set JWT_PUBLIC_KEY, JWT_SECRET or JWT_JWKS_URL", m.settings.addr)
	}
	return listener, nil
}
