package claimcheck

import (
	"context"
	"io"
	"strings"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

// Mux opens each reference with the source registered for its scheme, which is
// the text before the first colon:
//
//	claimcheck.Mux{
//		claimcheck.StagedScheme: staging,
//		claimcheck.FileScheme:   claimcheck.NewFiles(root),
//		"imap":                  accounts,
//	}
//
// The source sees the whole reference. A scheme without one is ErrReference.
// Do not change a Mux that is in use.
type Mux map[string]attachment.Source

var _ attachment.Source = Mux(nil)

// OpenReference implements attachment.Source.
func (m Mux) OpenReference(ctx context.Context, ref attachment.Reference) (io.ReadCloser, error) {
	scheme, _, ok := strings.Cut(ref.Ref, ":")
	source := m[scheme]
	if !ok || source == nil {
		return nil, ErrReference
	}
	return source.OpenReference(ctx, ref)
}
