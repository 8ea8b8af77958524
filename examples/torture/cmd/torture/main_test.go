package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPlan(t *testing.T) {
	all := plan(7, 10*time.Minute)
	require.Len(t, all, 4)
	require.Contains(t, all[0].env, "CRASH_SECONDS=60")
	require.Contains(t, all[1].env, "RACE_SECONDS=40")
	require.Contains(t, all[2].env, "FAULT_SECONDS=60")
	require.Contains(t, all[3].env, "SOAK_SECONDS=240")
	for _, h := range all {
		require.Contains(t, h.env, "TORTURE_SEED=7")
	}
	require.Contains(t, plan(7, time.Second)[3].env, "SOAK_SECONDS=1", "not 0, which a harness takes for its default")
	require.Equal(t, "cd examples/torture && SOAK_SECONDS=240 TORTURE_SEED=7 REQUIRE_SERVICES=1 go test -race=true -v -count=1 -timeout 30m0s -run '^TestSoak$' .", all[3].again(true))
}

func TestSummary(t *testing.T) {
	require.Equal(t, "47 of 60 processes were killed; heap bytes: 5, then 6", summary(
		"=== RUN   TestX\n    crash_test.go:302: TORTURE_SEED=1\n    crash_test.go:342: 47 of 60 processes were killed\n    soak_test.go:79: heap bytes: 5, then 6\n--- PASS: TestX (28.22s)\n"))
}

// TestHarnessFails: a test that fails ends the run with its output and the
// command to repeat it.
func TestHarnessFails(t *testing.T) {
	h := harness{name: "x", dir: ".", tests: "^TestPlan$", env: []string{"A=1"}, within: time.Minute}
	err := torture(t.Context(), "/nowhere", []harness{h}, false)
	require.ErrorContains(t, err, "compile /nowhere")
	_, err = h.run(t.Context(), "/bin/false", t.TempDir())
	require.ErrorContains(t, err, "x: exit status 1")
}
