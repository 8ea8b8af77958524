// Command torture runs every harness that treats the library badly, one after
// the other, and stops at the first broken law:
//
//	go run ./cmd/torture -seed 1 -budget 10m
//
// It ends with 1 and the command that does the same again. The seed decides
// what each harness does, as far as the scheduler lets it.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func main() {
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "decides every choice")
	budget := flag.Duration("budget", 5*time.Minute, "what all harnesses together may take, once they are compiled")
	race := flag.Bool("race", true, "with the race detector")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fmt.Printf("seed %d, budget %s\n", *seed, *budget)
	root, err := repository()
	if err == nil {
		err = torture(ctx, root, plan(*seed, *budget), *race)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// A harness is one run of one test.
type harness struct {
	name, dir, tests string
	env              []string
	within           time.Duration // then it hangs
}

// plan shares the budget out. A harness that goes over several stores, one
// after the other, divides its share between them.
func plan(seed uint64, budget time.Duration) []harness {
	share := func(variable string, percent, stores float64) string {
		return fmt.Sprintf("%s=%d", variable, max(1, int(budget.Seconds()*percent/100/stores)))
	}
	all := []harness{
		{name: "crashes", dir: "attachment/sqlrepo", tests: "^TestCrashesOn", env: []string{share("CRASH_SECONDS", 20, 2)}},
		{name: "races", dir: "attachment/sqlrepo", tests: "^TestRaces", env: []string{share("RACE_SECONDS", 20, 3)}},
		{name: "faults", dir: "examples/torture", tests: "^TestFaults$", env: []string{share("FAULT_SECONDS", 10, 1)}}, // the faults themselves take as long again
		{name: "soak", dir: "examples/torture", tests: "^TestSoak$", env: []string{share("SOAK_SECONDS", 40, 1)}},
	}
	for i := range all {
		all[i].env = append(all[i].env, "TORTURE_SEED="+strconv.FormatUint(seed, 10), "REQUIRE_SERVICES=1")
		all[i].within = 2*budget + 10*time.Minute
	}
	return all
}

func torture(ctx context.Context, root string, harnesses []harness, race bool) error {
	bin, err := os.MkdirTemp("", "torture")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	compiled := map[string]string{}
	for _, h := range harnesses {
		if compiled[h.dir] == "" {
			if compiled[h.dir], err = compile(ctx, filepath.Join(root, h.dir), filepath.Join(bin, strconv.Itoa(len(compiled))), race); err != nil {
				return err
			}
		}
		began := time.Now()
		did, err := h.run(ctx, compiled[h.dir], filepath.Join(root, h.dir))
		if err != nil {
			return fmt.Errorf("%w\n%s: %s", err, h.name, h.again(race))
		}
		fmt.Printf("%s: %s (%s)\n", h.name, did, time.Since(began).Round(time.Second))
	}
	return nil
}

func compile(ctx context.Context, dir, binary string, race bool) (string, error) {
	build := exec.CommandContext(ctx, "go", "test", "-c", "-race="+strconv.FormatBool(race), "-o", binary, ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile %s: %w\n%s", dir, err, out)
	}
	return binary, nil
}

// run says in a line what the harness did; its output is in the error if a law
// was broken.
func (h harness) run(ctx context.Context, binary, dir string) (did string, err error) {
	test := exec.CommandContext(ctx, binary, "-test.v", "-test.run", h.tests, "-test.timeout", h.within.String())
	test.Dir, test.Env = dir, append(os.Environ(), h.env...)
	test.Cancel = func() error { return test.Process.Signal(os.Interrupt) }
	test.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	test.Stdout, test.Stderr = &out, &out
	if err := test.Run(); err != nil {
		return "", fmt.Errorf("%s\n%s: %w", out.Bytes(), h.name, err)
	}
	return summary(out.String()), nil
}

// again is the command that does the same.
func (h harness) again(race bool) string {
	return fmt.Sprintf("cd %s && %s go test -race=%t -v -count=1 -timeout %s -run '%s' .", h.dir, strings.Join(h.env, " "), race, h.within, h.tests)
}

var logged = regexp.MustCompile(`(?m)^\s+\w+_test\.go:\d+: (\d.*|\w[\w ]*: \d+, then \d+)$`)

// summary joins the figures that the tests have logged.
func summary(output string) string {
	var did []string
	for _, match := range logged.FindAllStringSubmatch(output, -1) {
		did = append(did, match[1])
	}
	return strings.Join(did, "; ")
}

// repository is the folder above this module.
func repository() (string, error) {
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "attachment", "sqlrepo")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("not inside the repository: %w", os.ErrNotExist)
}
