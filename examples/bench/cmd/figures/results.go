package main

import (
	"bufio"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// results is what `go test -bench` printed.
type results struct {
	machine string // as the testing package names it
	lines   []line
}

// line is one benchmark.
type line struct {
	pkg, bench string
	metrics    map[string]float64 // by unit
}

// processors is what the testing package adds to a benchmark's name.
var processors = regexp.MustCompile(`-\d+$`)

// parse reads the output of any number of `go test -bench` runs and passes over
// what is something else.
func parse(r io.Reader) (results, error) {
	var all results
	var pkg string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		text := lines.Text()
		if name, ok := strings.CutPrefix(text, "pkg: "); ok {
			pkg = name
		}
		if name, ok := strings.CutPrefix(text, "cpu: "); ok {
			all.machine = name
		}
		fields := strings.Fields(text)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		l := line{pkg: pkg, bench: processors.ReplaceAllString(fields[0], ""), metrics: make(map[string]float64)}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				break
			}
			l.metrics[fields[i+1]] = value
		}
		all.lines = append(all.lines, l)
	}
	return all, lines.Err()
}

// figure returns the claim's number, and false if it was not measured.
func (r results) figure(c claim) (figure float64, ok bool) {
	figure, ok = r.worst(c, c.value, c.per.bench)
	if c.per != (metric{}) && ok {
		var per float64
		per, ok = r.worst(c, c.per, "")
		figure /= per
	}
	return figure, ok
}

// worst leaves out one benchmark: what others are divided by is no case of its
// own, and would hide that all of them are better.
func (r results) worst(c claim, m metric, but string) (worst float64, found bool) {
	for _, l := range r.lines {
		fits, _ := path.Match(m.bench, l.bench)
		value, has := l.metrics[m.unit]
		if !fits || !has || l.bench == but || !strings.HasSuffix(l.pkg, "/"+c.run.folder()) {
			continue
		}
		if !found || c.aim.worse(value, worst) {
			worst, found = value, true
		}
	}
	return worst, found
}
