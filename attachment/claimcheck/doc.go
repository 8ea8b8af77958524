// Package claimcheck lets attachment bytes reach the node as a reference, so
// that what a workflow engine stores and carries about stays a few bytes long.
//
//	staging := claimcheck.New(store, nil)
//	ref, err := staging.Stage(ctx, body)          // the node that fetches mail
//	node.Parameters["attachmentData"] = ref       // {"ref": "staged:7Q…"}
//	…                                             // the engine runs the node
//	err = staging.Release(ctx, ref)               // once the result is safe
//
// # Who lives here
//
//   - [Staging]: bytes that wait in a blob store between two nodes.
//   - [Files]: files of a tenant, confined to his folder.
//   - [Mux]: one attachment.Source made of several, by the scheme of the
//     reference: "staged:", "file:", and what the host adds.
//
// # When to release
//
// A reference can be opened as often as the engine retries the node, by any
// number of attempts at once, until it is released. Release it only when the
// engine has the node's result for good: in the workflow, after the node, not
// within it. Reading it after that fails with [ErrGone], which no retry mends:
// an attempt that outlived its own timeout, or a workflow reset to before the
// node, must have the mail fetched again, which stages it under a new
// reference. The attachment itself is not in danger: it was stored before the
// result was given.
//
// A staged blob that nobody releases (the workflow was terminated, the fetching
// node was repeated) goes with [Staging.Sweep].
//
// # Tenants
//
// The tenant comes from ctx. A reference says only what, never whose: with
// another tenant in ctx it names nothing, and nobody can tell that from a
// reference that never was.
package claimcheck
