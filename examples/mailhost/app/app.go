// Package app is the program mailhost: a small workflow host over a mailbox.
//
// # Who lives here
//
//   - [Main]: the program. [Options]: what a program built on it adds.
//   - settings.go: the command line and the environment. run.go: what happens,
//     and how it ends.
//   - process.go: the workflow and its nodes. report.go: what came of it.
//   - routes.go: what is served. headings.go: what messages are called there.
//     metrics.go: what Prometheus fetches, on an address of its own.
package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/host"
)

// Options are what another program adds to mailhost.
type Options struct {
	// NewScans says who does the scans. Defaults to a pool in this process.
	NewScans func(ctx context.Context, h *host.Host) (host.Scans, error)
}

// Main runs the program with the command line and the environment of this
// process until it is done or told to end, and returns its exit status.
func Main(opts *Options) int {
	if err := runUntilSignal(os.Args[1:], opts); err != nil {
		fmt.Fprintln(os.Stderr, "mailhost:", err)
		return 1
	}
	return 0
}

func runUntilSignal(args []string, opts *Options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, args, os.Getenv, os.Stdout, os.Stderr, opts)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return err
}
