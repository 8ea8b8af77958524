package archive

import (
	"context"
	"errors"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/uuencode"
)

// walkUUEncoded shows the files written into a text.
func walkUUEncoded(ctx context.Context, w *walker) error {
	return w.walkText(ctx, contextReader{ctx, w.section()})
}

func (w *walker) walkText(ctx context.Context, text io.Reader) error {
	files := uuencode.NewReader(text)
	for {
		name, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.show(ctx, Member{Name: baseName(name), Size: -1}, w.inflated(ctx, files)); err != nil {
			return err
		}
	}
}
