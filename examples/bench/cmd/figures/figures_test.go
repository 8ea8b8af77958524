package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/metabuilder/workflow-plugin-attachment-handler/"

func TestParse(t *testing.T) {
	r, err := parse(strings.NewReader(`goos: linux
pkg: ` + module + `auth
cpu: AMD EPYC
BenchmarkRequest/HS256/authenticate-2   	    1000	         9000 ns/request	         0.8700 ×bare
    bench_test.go:7: a word
BenchmarkRequest/RS256/authenticate-2   	    1000	        1.2e+05 ns/request	         1.100 ×bare
BenchmarkBroken-2
PASS
ok  	` + module + `auth	1.2s
pkg: ` + module + `attachment/sqlrepo
BenchmarkGrowth/ingest/20000-2	500	2000 ns/op	12 B/op
BenchmarkGrowth/ingest/2000000-2	500	2500 ns/op	12 B/op
`))
	require.NoError(t, err)
	require.Equal(t, "AMD EPYC", r.machine)
	require.Len(t, r.lines, 4)

	value := func(c claim) float64 {
		figure, ok := r.figure(c)
		require.True(t, ok)
		return figure
	}
	authenticate := metric{"BenchmarkRequest/*/authenticate", "×bare"}
	require.Equal(t, 1.1, value(claim{run: request, value: authenticate, aim: aim{most: 1.3}}), "the worst counts")
	require.Equal(t, 0.87, value(claim{run: request, value: authenticate, aim: aim{least: 1}}))
	ingest := claim{run: growth, value: metric{"BenchmarkGrowth/ingest/*", "ns/op"}, per: metric{"BenchmarkGrowth/ingest/20000", "ns/op"}}
	require.Equal(t, 1.25, value(ingest))
	ingest.per.bench = "BenchmarkGrowth/ingest/2000000"
	ingest.aim = aim{most: 1.3}
	require.Equal(t, 0.8, value(ingest), "the divisor is not among what is divided")

	ingest.per.bench = "BenchmarkGrowth/ingest/7"
	for _, missing := range []claim{
		{run: growth, value: authenticate},
		{run: request, value: metric{authenticate.bench, "B/op"}},
		ingest,
	} {
		_, ok := r.figure(missing)
		require.False(t, ok)
	}
}

func TestAim(t *testing.T) {
	for _, c := range []struct {
		aim          aim
		figure       float64
		printed, met string
	}{
		{aim{most: 0.5}, 0.5, "≤ 0.5", "yes"}, {aim{most: 0.5}, 0.51, "≤ 0.5", "no"},
		{aim{least: 5}, 5, "≥ 5", "yes"}, {aim{least: 5}, 4.9, "≥ 5", "no"}, {aim{}, 7, "", ""},
	} {
		require.Equal(t, c.printed, c.aim.String())
		require.Equal(t, c.met, c.aim.met(c.figure))
	}
}

func TestTableSaysWhatIsMissing(t *testing.T) {
	var table strings.Builder
	err := printTable(&table, strings.NewReader("pkg: "+module+"examples/bench\nBenchmarkLarge/fs-2 5 0.4000 x-fileblob\n"), false)
	require.ErrorContains(t, err, fmt.Sprintf("%d of %d figures are missing", len(claims)-1, len(claims)))
	require.Contains(t, table.String(), "| 0.40 × | ≤ 0.5 | yes | `BENCH_MIB=1024 go -C examples/bench test -run '^$' -bench '^BenchmarkLarge$/^fs$' -benchtime 5x -timeout 60m .` |\n")
	require.Contains(t, table.String(), "| not measured | ≤ 1 |  |")
}

// TestClaimsNameBenchmarks looks into the sources for what the table relies on.
func TestClaimsNameBenchmarks(t *testing.T) {
	for _, c := range claims {
		sources, err := filepath.Glob(filepath.Join("../../../..", c.run.folder(), "*_test.go"))
		require.NoError(t, err)
		var text strings.Builder
		for _, path := range sources {
			source, err := os.ReadFile(path)
			require.NoError(t, err)
			text.Write(source)
		}
		name, _, _ := strings.Cut(c.value.bench, "/")
		require.Contains(t, text.String(), "func "+name+"(b *testing.B)", c.says)
		require.Regexp(t, regexp.QuoteMeta("^"+name+"$"), c.run.bench, c.says)
		for _, form := range []form{c.run.long, c.run.short} {
			if variable, _, ok := strings.Cut(form.env, "="); ok {
				require.Contains(t, text.String(), `"`+variable+`"`, c.says)
			}
		}
	}
}

func TestEveryClaimIsMeasured(t *testing.T) {
	var commands strings.Builder
	printCommands(&commands, false)
	for _, c := range claims {
		require.Equal(t, 1, strings.Count(commands.String(), c.run.command(false)+"\n"), c.says)
	}
	require.Equal(t, len(runs), strings.Count(commands.String(), "\n"))
}
