package fsblob_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A host that keeps its blobs in files or in memory links neither an AWS
// package nor anything else from outside but golang.org/x/sys.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".", "../memblob").Output()
	require.NoError(t, err)
	outside := regexp.MustCompile(`^[^/]+\.[^/]+/`)
	for pkg := range strings.Lines(string(out)) {
		pkg = strings.TrimSpace(pkg)
		if outside.MatchString(pkg) {
			require.Regexp(t, `^(github\.com/metabuilder/workflow-plugin-attachment-handler/blob|golang\.org/x/sys)(/|$)`, pkg)
		}
	}
	require.Contains(t, string(out), "/blob/fsblob")
}
