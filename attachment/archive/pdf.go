package archive

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/archive/pdfscan"
)

// walkPDF shows the files embedded in a PDF. Each is shown once under each of its
// names, for it depends on the program which of them counts.
func walkPDF(ctx context.Context, w *walker) error {
	opts := &pdfscan.Options{Count: func(r io.Reader) io.Reader { return w.inflated(ctx, r) }}
	err := pdfscan.Scan(ctx, w.r, w.size, opts, func(f pdfscan.File) error {
		m := Member{Name: f.Name, Size: -1, Encrypted: f.Encrypted, Unreadable: f.Body == nil}
		if m.Unreadable {
			return w.show(ctx, m, nil)
		}
		return w.show(ctx, m, f.Body())
	})
	if errors.Is(err, pdfscan.ErrExcess) {
		return fmt.Errorf("%w: %w", ErrBomb, err)
	}
	return err
}
