package torture

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// faultSeconds is the time for the whole matrix; the four services have theirs
// at once. What the faults themselves take comes on top.
func faultSeconds() time.Duration { return seconds("FAULT_SECONDS", 7*time.Second) }

// TestMain lets all four services be tormented at once: most of it is waiting.
func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "4")
	os.Exit(m.Run())
}

// TestFaults: a host at work while one of its lines fails, in every way. No law
// is broken, and once the line is good the host is well without being
// restarted. What its users see meanwhile is what FAULTS.md says.
func TestFaults(t *testing.T) {
	seed := seed(t)
	var table table
	rm := newRoom(t, "of-postgresql", "of-s3", "of-clamd", "of-redis")
	t.Run("", func(t *testing.T) { // returns when all four have
		for n, service := range []service{
			{"postgresql", func(p *places) *string { return &p.database }, cuts{64, 20}},
			{"s3", func(p *places) *string { return &p.s3 }, cuts{2000, 4096}},
			{"clamd", func(p *places) *string { return &p.clamd }, cuts{6, 50_000}},
			{"redis", func(p *places) *string { return &p.redis }, cuts{3, 10}},
		} {
			t.Run(service.name, func(t *testing.T) {
				t.Parallel()
				t.Run("", func(t *testing.T) { // its cleanup comes before the look for leaks
					service.torture(t, rm, seed+uint64(n)<<32, &table)
				})
				level(t, service.name, true, 0)
			})
		}
	})
	if t.Failed() {
		return
	}
	require.NotEmpty(t, table.rows)
	t.Logf("%d faults, %d calls under them, of which %d failed, all well again within %s",
		len(table.rows), table.total.calls, table.total.failures, table.total.well.Round(10*time.Millisecond))
	table.compare(t, "FAULTS.md")
}

// A service is what lies at the end of a line.
type service struct {
	name  string
	place func(*places) *string
	cut   cuts
}

func (s service) torture(t *testing.T, rm room, seed uint64, table *table) {
	direct := rm.places(t, "of-"+s.name)
	at := direct
	place := s.place(&at)
	upstream := hostOf(*place)
	l := newLine(t, upstream)
	*place = strings.Replace(*place, upstream, l.addr(), 1)
	claim(s.name)
	h := openHost(t, s.name, patience, rm, at)
	behind := openParts(t, rm, direct)
	for n, f := range faults() {
		ok := t.Run(f.name, func(t *testing.T) {
			seen, done := h.suffer(t, l, f, s.cut, seed+uint64(n)<<16, behind)
			table.add(s.name, n, f.name, seen, done)
		})
		if !ok {
			return // what it left would be taken for the next one's
		}
	}
}

// A tally is what a fault came to.
type tally struct {
	calls, failures int
	well            time.Duration // until everything worked again
}

// suffer is one fault from beginning to end. It returns what the probe saw.
func (h *host) suffer(t *testing.T, l *line, f fault, cut cuts, seed uint64, direct parts) (seen []string, done tally) {
	probe := newProbe(t, h, seed)
	h.idle(t)
	before, _ := goroutines(h.name, false)

	users := h.workUnder(t, l, f, cut, seed)
	f.begin(l, cut)
	seen = probe.all(f)
	healed := time.Now()
	l.end(f)

	require.True(t, eventually(recovers, probe.well), "not well after %s: %v", recovers, probe.last)
	done.well = time.Since(healed)
	for _, u := range users {
		for what, n := range u.count {
			if what == "failures" {
				done.failures += n
			} else {
				done.calls += n
			}
		}
	}
	t.Logf("after %d calls, of which %d failed, well again within %s", done.calls, done.failures, done.well.Round(10*time.Millisecond))
	h.recovered(t, direct, append(users, probe.user))
	h.idle(t)
	level(t, h.name, false, before)
	h.clear(t, append(users, probe.user))
	return seen, done
}

// workUnder lets users work while the fault is on, changing its numbers.
func (h *host) workUnder(t *testing.T, l *line, f fault, cut cuts, seed uint64) (users []*user) {
	var working, storing sync.WaitGroup
	for n := range 4 {
		u := newUser(t, h, fmt.Sprintf("m%x-%d", seed, n), seed, uint64(n)+1)
		users = append(users, u)
		storing.Go(func() { // what the fault then finds
			for range 4 {
				u.again(u.fresh())
			}
		})
	}
	storing.Wait()
	ctx, stop := context.WithTimeout(t.Context(), faultSeconds()/time.Duration(len(faults())))
	defer stop()
	working.Go(func() { h.sweeper(ctx, 200*time.Millisecond) })
	for _, u := range users {
		working.Go(func() {
			for ctx.Err() == nil && !t.Failed() {
				u.act()
			}
		})
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for ctx.Err() == nil {
		if f.vary == nil {
			f.begin(l, cut)
			<-ctx.Done()
		} else {
			f.vary(l, cut, r)
			select {
			case <-ctx.Done():
			case <-time.After(150 * time.Millisecond):
			}
		}
		l.end(f)
	}
	working.Wait()
	return users
}

// end undoes a fault.
func (l *line) end(f fault) {
	l.heal()
	if f.end != nil {
		f.end(l)
	}
}

// clear deletes what the users have left, so that the next look is short.
func (h *host) clear(t *testing.T, users []*user) {
	t.Helper()
	for _, u := range users {
		for _, it := range slices.Clone(u.items) {
			u.delete(it)
		}
	}
	h.sweepAll(t)
}

// hostOf returns the host:port in a URL, or what is one itself.
func hostOf(address string) string {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	if _, after, ok := strings.Cut(rest, "@"); ok {
		rest = after
	}
	rest, _, _ = strings.Cut(rest, "/")
	return rest
}

// table collects what users see.
type table struct {
	mu    sync.Mutex
	rows  map[string]string // by place in the table
	total tally
}

func (tb *table) add(service string, n int, fault string, seen []string, done tally) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.total = tally{tb.total.calls + done.calls, tb.total.failures + done.failures, max(tb.total.well, done.well)}
	if tb.rows == nil {
		tb.rows = map[string]string{}
	}
	order := slices.Index([]string{"postgresql", "s3", "clamd", "redis"}, service)
	tb.rows[fmt.Sprintf("%d%02d", order, n)] = "| " + strings.Join(append([]string{service, fault}, seen...), " | ") + " |\n"
}

// compare fails if the table in the file is another one, not counting what is
// slower. FAULTS_UPDATE=1 writes it.
func (tb *table) compare(t *testing.T, path string) {
	t.Helper()
	var b strings.Builder
	columns := append([]string{"service", "fault"}, probeNames()...)
	b.WriteString("| " + strings.Join(columns, " | ") + " |\n|" + strings.Repeat(" --- |", len(columns)) + "\n")
	for _, key := range slices.Sorted(maps.Keys(tb.rows)) {
		b.WriteString(tb.rows[key])
	}
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	const mark = "<!-- the table, written by TestFaults -->\n"
	words, old, ok := strings.Cut(string(file), mark)
	require.True(t, ok, "%s has lost its mark", path)
	if os.Getenv("FAULTS_UPDATE") == "1" {
		require.NoError(t, os.WriteFile(path, []byte(words+mark+b.String()), 0o644))
		return
	}
	kinds := strings.NewReplacer(slower, works)
	for row := range strings.Lines(b.String()) { // perhaps not all, under -run
		require.Contains(t, kinds.Replace(old), kinds.Replace(row), "users see something else; FAULTS_UPDATE=1 writes the table anew")
	}
}
