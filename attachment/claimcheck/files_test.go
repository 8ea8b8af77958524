package claimcheck_test

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/claimcheck"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

func TestFilesStayInTheirFolder(t *testing.T) {
	top := t.TempDir()
	for _, dir := range []string{"acme/inbox", "other"} {
		require.NoError(t, os.MkdirAll(filepath.Join(top, dir), 0o700))
	}
	for _, file := range []string{"outside", "other/secret", "acme/inbox/scan.pdf"} {
		require.NoError(t, os.WriteFile(filepath.Join(top, file), []byte(file), 0o600))
	}
	require.NoError(t, os.Symlink("../other/secret", filepath.Join(top, "acme/link")))
	require.NoError(t, os.Symlink("inbox/scan.pdf", filepath.Join(top, "acme/inner")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(top, "acme/pipe"), 0o600))
	root, err := os.OpenRoot(top)
	require.NoError(t, err)
	defer root.Close()
	files := claimcheck.Mux{claimcheck.FileScheme: claimcheck.NewFiles(root)}

	for name, want := range map[string]error{
		"file:inbox/scan.pdf": nil,
		"file:inner":          nil,
		"file:link":           claimcheck.ErrGone,
		"file:absent":         claimcheck.ErrGone,
		"file:pipe":           claimcheck.ErrReference,
		"file:inbox":          claimcheck.ErrReference,
		"file:.":              claimcheck.ErrReference,
		"file:":               claimcheck.ErrReference,
		"file:../outside":     claimcheck.ErrReference,
		"file:/etc/passwd":    claimcheck.ErrReference,
		"other:inbox":         claimcheck.ErrReference,
		"inbox/scan.pdf":      claimcheck.ErrReference,
	} {
		body, err := files.OpenReference(writer(t, "acme"), attachment.Reference{Ref: name})
		if want != nil {
			require.ErrorIs(t, err, want, name)
			continue
		}
		require.NoError(t, err, name)
		data, err := io.ReadAll(body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		require.Equal(t, "acme/inbox/scan.pdf", string(data))
	}
	inbox := attachment.Reference{Ref: "file:inbox/scan.pdf"}
	_, err = files.OpenReference(t.Context(), inbox)
	require.ErrorIs(t, err, tenant.ErrMissing)
	_, err = files.OpenReference(writer(t, "other"), inbox)
	require.ErrorIs(t, err, claimcheck.ErrGone)
	_, err = files.OpenReference(writer(t, "nobody"), inbox)
	require.ErrorIs(t, err, claimcheck.ErrGone)
}
