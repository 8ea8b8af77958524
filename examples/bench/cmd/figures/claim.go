package main

import (
	"fmt"
	"path"
	"strings"
)

// A run is one command that measures, in its long form and its short one.
type run struct {
	dir, pkg    string // the folder of the module, and the package in it
	bench       string // what -bench selects
	long, short form
}

type form struct {
	env    string
	rounds string // -benchtime
}

// command is to be run in the root of the repository.
func (r run) command(short bool) string {
	f := r.long
	if short {
		f = r.short
	}
	command := fmt.Sprintf("go test -run '^$' -bench '%s' -benchtime %s -timeout 60m %s", r.bench, f.rounds, r.pkg)
	if r.dir != "" {
		command = strings.Replace(command, "go", "go -C "+r.dir, 1)
	}
	return strings.TrimSpace(f.env + " " + command)
}

// folder is the package's, as import paths end in it.
func (r run) folder() string { return path.Join(r.dir, r.pkg) }

// A claim is a metric of a run, or the ratio of two, and what it ought to be.
type claim struct {
	says  string
	run   run
	value metric
	per   metric // the divisor. Defaults to none.
	unit  string // as printed
	aim   aim
}

// A metric is a number that benchmarks report. Where the pattern (package path)
// fits several of them, the figure farthest from the aim counts.
type metric struct {
	bench string
	unit  string
}

// An aim is a bound from above or from below; the zero aim is none.
type aim struct{ most, least float64 }

func (a aim) String() string {
	switch {
	case a.most != 0:
		return fmt.Sprintf("≤ %v", a.most)
	case a.least != 0:
		return fmt.Sprintf("≥ %v", a.least)
	}
	return ""
}

func (a aim) met(figure float64) string {
	switch {
	case a == aim{}:
		return ""
	case a.most != 0 && figure <= a.most, a.least != 0 && figure >= a.least:
		return "yes"
	}
	return "no"
}

// worse reports whether figure is farther from the aim than other.
func (a aim) worse(figure, other float64) bool {
	if a.least != 0 {
		return figure < other
	}
	return figure > other
}
