package fsblob_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// childEnv names what this test binary does when it is started by one of its
// own tests; its last argument is a folder.
const childEnv = "FSBLOB_TEST_CHILD"

func children() map[string]func(dir string) int {
	all := map[string]func(dir string) int{"puts": putsChild, "crash": crashChild, "download": downloadChild}
	maps.Copy(all, linuxChildren())
	return all
}

// child returns the command that runs this binary as the child named, after
// the words in front.
func child(tb testing.TB, name, dir string, front ...string) *exec.Cmd {
	tb.Helper()
	self, err := os.Executable()
	require.NoError(tb, err)
	args := append(front, self, dir)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	return cmd
}

// missing skips a test for lack of a tool, or fails it where all tests must run.
func missing(tb testing.TB, message string) {
	tb.Helper()
	if os.Getenv("REQUIRE_SERVICES") == "1" {
		tb.Fatal(message)
	}
	tb.Skip(message)
}

// report runs a child and turns its error into an exit code.
func report(run func() error) int {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
