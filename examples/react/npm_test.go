package react

import (
	"bytes"
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPackage runs the package's own checks: types, tests, build.
func TestPackage(t *testing.T) {
	install(t)
	for _, script := range []string{"check", "test", "build"} {
		t.Run(script, func(t *testing.T) { run(t, nil, "npm", "run", "--silent", script) })
	}
	for _, file := range []string{"index.js", "index.d.ts", "style.css"} {
		require.FileExists(t, filepath.Join("dist", file))
	}
	bundle, err := os.ReadFile("dist/index.js")
	require.NoError(t, err)
	require.Regexp(t, `from "react"`, string(bundle), "React is its user's")
}

// TestLockNamesNoRegistry keeps the lock file fit for any registry.
func TestLockNamesNoRegistry(t *testing.T) {
	lock, err := os.ReadFile("package-lock.json")
	require.NoError(t, err)
	require.NotContains(t, string(lock), `"resolved"`)
	require.Contains(t, string(lock), `"integrity"`)
}

// need returns the path of a program, or skips; with REQUIRE_SERVICES=1 it
// fails.
func need(t *testing.T, program, packages string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	message := program + " is not installed; install it with: apt-get install -y --no-install-recommends " + packages
	if os.Getenv("REQUIRE_SERVICES") == "1" {
		require.Fail(t, message)
	}
	t.Skip(message)
	return ""
}

var installed = sync.OnceValues(func() ([]byte, error) {
	lock, err := os.Stat("package-lock.json")
	if err != nil {
		return nil, err
	}
	if done, err := os.Stat("node_modules/.package-lock.json"); err == nil && done.ModTime().After(lock.ModTime()) {
		return nil, nil
	}
	return exec.Command("npm", "ci", "--no-progress").CombinedOutput()
})

// install brings node_modules up to date with package-lock.json.
func install(t *testing.T) {
	t.Helper()
	need(t, "node", "nodejs npm")
	need(t, "npm", "nodejs npm")
	out, err := installed()
	require.NoError(t, err, "npm ci: %s", out)
}

// run runs a program to its end, with more in its environment.
func run(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), append(env, "NO_COLOR=1", "CI=1")...)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	require.NoError(t, err, "%s", cmp.Or(out.String(), "no output"))
	t.Logf("%s", out.Bytes())
}
