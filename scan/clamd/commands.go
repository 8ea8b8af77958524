package clamd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// Ping returns nil if at least one server answers.
func (s *Scanner) Ping(ctx context.Context) error {
	var failed []error
	for _, srv := range s.ranked() {
		line, err := srv.ask(ctx, "PING")
		if err == nil && line == "PONG" {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("%w: reply %.80q to PING", scan.ErrProtocol, line)
		}
		failed = append(failed, err)
	}
	return fail("ping", errors.Join(failed...), true)
}

// Version returns the engine and signatures of the server that the next scan
// would ask first. It implements scan.Versioned, and is no older than
// Options.VersionAge.
func (s *Scanner) Version(ctx context.Context) (scan.Version, error) {
	var failed []error
	for _, srv := range s.ranked() {
		v, err := srv.currentVersion(ctx)
		if err == nil {
			return v, nil
		}
		failed = append(failed, err)
	}
	return scan.Version{}, fail("version", errors.Join(failed...), true)
}

// parseVersion reads "ClamAV 1.4.6/27500/Mon Nov 23 08:00:00 2026". A daemon
// with private signatures only leaves out everything from the first slash.
func parseVersion(line string) (scan.Version, error) {
	engine, database, _ := strings.Cut(line, "/")
	number, ok := strings.CutPrefix(engine, "ClamAV ")
	if !ok || number == "" || !printable(line) {
		return scan.Version{}, fmt.Errorf("%w: reply %.80q to VERSION", scan.ErrProtocol, line)
	}
	signatures, _, _ := strings.Cut(database, "/")
	return scan.Version{Engine: engineName + " " + number, Signatures: signatures}, nil
}

// Stats is how busy a server is.
type Stats struct {
	Address     string
	State       string // "VALID PRIMARY"
	ThreadsLive int
	ThreadsIdle int
	ThreadsMax  int
	Queue       int // scans waiting for a thread
}

// Stats asks every server. Those that fail are missing from the answer and
// named in the error.
func (s *Scanner) Stats(ctx context.Context) ([]Stats, error) {
	var all []Stats
	var failed []error
	for _, srv := range s.servers {
		text, err := srv.ask(ctx, "STATS")
		stats, ok := parseStats(text)
		if err == nil && !ok {
			err = fmt.Errorf("%w: reply %.80q to STATS", scan.ErrProtocol, text)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", srv.target, err))
			continue
		}
		stats.Address = srv.target.String()
		all = append(all, stats)
	}
	if len(failed) > 0 {
		return all, fail("stats", errors.Join(failed...), true)
	}
	return all, nil
}

func parseStats(text string) (stats Stats, ok bool) {
	if !strings.HasPrefix(text, "POOLS: ") || !strings.HasSuffix(strings.TrimRight(text, "\n"), "END") {
		return stats, false
	}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "STATE":
			stats.State = value
		case "THREADS":
			fields := strings.Fields(value)
			stats.ThreadsLive = after(fields, "live")
			stats.ThreadsIdle = after(fields, "idle")
			stats.ThreadsMax = after(fields, "max")
		case "QUEUE":
			stats.Queue = after(append([]string{"items"}, strings.Fields(value)...), "items")
		}
	}
	return stats, stats.State != ""
}

// after returns the number that follows a word, 0 if there is none.
func after(fields []string, word string) int {
	for i, field := range fields[:max(0, len(fields)-1)] {
		if field == word {
			n, _ := strconv.Atoi(fields[i+1])
			return n
		}
	}
	return 0
}
