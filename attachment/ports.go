package attachment

import (
	"context"
	"io"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

// NodeType is the type under which a host registers the node.
const NodeType = "attachment-handler"

type (
	// BlobStore is what keeps the bytes.
	BlobStore = blob.Store
	// Scanner reaches the verdicts.
	Scanner = scan.Scanner
	// TenantContext says on whose behalf a node runs.
	TenantContext = tenant.Context
)

// A Source opens attachment bytes that reach the node as a reference instead
// of as text: a staged blob, an IMAP part, a file. It decides what a reference
// may name; the tenant is in ctx.
type Source interface {
	OpenReference(ctx context.Context, ref Reference) (io.ReadCloser, error)
}

// SourceFunc is a function as a Source.
type SourceFunc func(ctx context.Context, ref Reference) (io.ReadCloser, error)

// OpenReference calls f.
func (f SourceFunc) OpenReference(ctx context.Context, ref Reference) (io.ReadCloser, error) {
	return f(ctx, ref)
}

// Reference stands for attachment bytes kept elsewhere. In a node's parameters
// it is the object {"ref": "…"} in place of the text.
type Reference struct {
	Ref string `json:"ref"`
}
