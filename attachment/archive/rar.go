package archive

import (
	"context"
	"errors"
	"io"

	"github.com/nwaples/rardecode/v2"
)

// maxDictionary bounds what an LZMA or RAR decoder may allocate because its
// input says so. Archivers use 32 MiB unless told otherwise.
const maxDictionary = 64 << 20

func walkRAR(ctx context.Context, w *walker) error {
	r, err := rardecode.NewReader(contextReader{ctx, w.section()}, rardecode.MaxDictionarySize(maxDictionary), rardecode.SkipCheck)
	if err != nil {
		return rarError(err)
	}
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return rarError(err)
		}
		m := Member{
			Name: h.Name, Size: h.UnPackedSize, Dir: h.IsDir, Link: h.LinkType != 0,
			Encrypted: h.Encrypted || h.HeaderEncrypted,
		}
		if h.UnKnownSize {
			m.Size = -1
		}
		if err := w.budget.claim(uint64(max(m.Size, 0))); err != nil {
			return err
		}
		var body io.Reader
		if !m.Dir && !m.Link && !m.Encrypted {
			body = rarBody{w.inflated(ctx, r)}
		}
		if err := w.show(ctx, m, body); err != nil {
			return err
		}
	}
}

// rarBody classifies what the decoder says while a member is read.
type rarBody struct{ r io.Reader }

func (b rarBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	return n, rarError(err)
}

func rarError(err error) error {
	switch {
	case errors.Is(err, rardecode.ErrArchiveEncrypted), errors.Is(err, rardecode.ErrArchivedFileEncrypted), errors.Is(err, rardecode.ErrBadPassword):
		return errors.Join(ErrEncrypted, err)
	case errors.Is(err, rardecode.ErrMultiVolume), errors.Is(err, rardecode.ErrDictionaryTooLarge), errors.Is(err, rardecode.ErrUnsupportedDecoder),
		errors.Is(err, rardecode.ErrUnknownDecoder), errors.Is(err, rardecode.ErrUnknownVersion), errors.Is(err, rardecode.ErrFileNameRequired):
		return errors.Join(ErrUnsupported, err)
	}
	return malformed(err)
}
