package claimcheck

import (
	"context"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// FileScheme begins the references that Files opens.
const FileScheme = "file"

// Files opens "file:inbox/scan.pdf": a regular file below the folder of the
// tenant of ctx, which is tenant.Namespace of his id within a root. Neither
// dots nor links lead out of it, and other tenants' folders are outside.
type Files struct{ root *os.Root }

var _ attachment.Source = (*Files)(nil)

// NewFiles returns the files in root, which the caller closes.
func NewFiles(root *os.Root) *Files { return &Files{root} }

// OpenReference implements attachment.Source.
func (f *Files) OpenReference(ctx context.Context, ref attachment.Reference) (io.ReadCloser, error) {
	tc, err := tenant.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	name, ok := strings.CutPrefix(ref.Ref, FileScheme+":")
	if !ok || !fs.ValidPath(name) {
		return nil, ErrReference
	}
	if !tc.Can(tenant.Write, "") {
		return nil, tenant.ErrForbidden
	}
	own, err := f.root.OpenRoot(strings.TrimSuffix(tenant.Namespace(tc.TenantID()), "/"))
	if err != nil {
		return nil, openError(err)
	}
	defer own.Close()
	// A pipe would otherwise hold whoever opens it.
	file, err := own.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fileError(own, name, err)
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = file.Close()
		return nil, ErrReference
	}
	return file, nil
}

// fileError tells a path that leads out of the folder, which no retry mends,
// from a disk that failed.
func fileError(own *os.Root, name string, err error) error {
	if _, statErr := own.Stat(name); statErr != nil {
		return ErrGone
	}
	return openError(err)
}
