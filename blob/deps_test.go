package blob_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/metabuilder/workflow-plugin-attachment-handler"

// A host that keeps its blobs on disk links no code of a cloud.
func TestNoAWSWithoutS3(t *testing.T) {
	for _, pkg := range []string{"blob", "blob/memblob", "blob/fsblob", "blob/cryptblob", "blob/zstdblob", "tenant", "attachment"} {
		require.NotContains(t, dependencies(t, pkg), "github.com/aws/", pkg)
	}
	require.Contains(t, dependencies(t, "blob/s3blob"), "github.com/aws/", "the test would not notice")
}

// The port needs nothing but the standard library, the stores no database, and
// nothing below imports what is built on top.
func TestBlobStaysBelow(t *testing.T) {
	for dep := range strings.SplitSeq(dependencies(t, "blob"), "\n") {
		first, _, _ := strings.Cut(dep, "/")
		require.True(t, !strings.Contains(first, ".") || dep == module+"/blob", "blob imports %s", dep)
	}
	for _, pkg := range []string{"blob/memblob", "blob/fsblob", "blob/s3blob", "blob/cryptblob", "blob/zstdblob", "blob/blobtest"} {
		for _, above := range []string{"/attachment", "/tenant", "/scan", "/auth", "/examples"} {
			require.NotContains(t, dependencies(t, pkg), module+above, pkg)
		}
	}
}

// dependencies lists what pkg links, one import path a line.
func dependencies(t *testing.T, pkg string) string {
	t.Helper()
	command := exec.Command("go", "list", "-deps", module+"/"+pkg)
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, "%s", stderr.String())
	return string(out)
}
