// Package httpapi serves attachments over HTTP, as an http.Handler that a host
// mounts behind its own authentication.
//
//	api, err := httpapi.New(handler, auth.RequirePermission(tenant.Read), nil)
//	mux.Handle("/api/", chain.Handler(api)) // package auth, or the host's own
//
// # Who lives here
//
//   - [New] and [Options]: the handler, and what a host may adjust.
//   - [Event]: what was done to which attachment, for the host's audit.
//   - openapi.json: the contract, served at /api/v1/openapi.json.
//
// # Routes
//
// All are below /api/v1, and behind the host's authentication but for the first: the
// link of a record is signed. A chain around the whole API must have that route
// among its public ones.
//
//	GET    /attachments/download/{storageKey}  the link of a record
//	GET    /emails/{messageId}/attachments     of one message
//	POST   /messages/{messageId}/attachments   upload
//	GET    /attachments                        newest first
//	GET    /attachments/{id}                   DELETE likewise
//	GET    /attachments/{id}/download
//	GET    /attachments/{id}/scan-status
//	POST   /attachments/{id}/rescan            likewise release, quarantine, restore; for admins
//	GET    /openapi.json
//
// A messageId in a path is the node's, angle brackets included if that has them.
// The same file uploaded again is the same attachment; one that was deleted stays
// so and answers 409.
//
// # What every route keeps to
//
// The tenant is whom the host's authentication put into the context. What
// belongs to another tenant, what another user owns, what is deleted and what
// never was get the same answer, 404. Whether bytes may leave is decided when
// they are about to, from the record and the verdict as they are then. Bytes
// leave under headers that keep a browser from running them (package serve).
//
// Errors are {"error": code, "message": sentence}. The code is stable; the
// cause goes to the log.
package httpapi
