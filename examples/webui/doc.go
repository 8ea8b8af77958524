// Package webui is what a person sees: the messages with their attachments, and
// the quarantine, storage and backlog for who may administer. It is an
// http.Handler for a host to mount at "/" beside attachment/httpapi, whose
// routes its scripts call.
//
// The server renders everything; a little JavaScript keeps it current. While a
// page is open, its stream at /live says when there is something new, and the
// script then fetches the same page again and exchanges the rows that differ.
// Without scripts the page can still be read, and files downloaded.
//
// Everything shown comes from strangers: names, types, scanners' words. The
// templates escape it, the style keeps it in its place whatever its direction
// and length, and the Content-Security-Policy allows nothing but this package's
// own files.
//
// # Who lives here
//
//   - webui.go: the handler, its options and headers. guard.go: keeps other
//     sites out of a host without a login.
//   - screen.go: how a page is read, rendered and told apart from its last
//     state. messages.go, admin.go: the two pages. row.go, words.go, kind.go:
//     one attachment in words and pictures.
//   - live.go: the stream of changes. thumbnail.go, shrink.go: small pictures.
//   - templates, assets: HTML, CSS, JavaScript. No build step.
//
// examples/react/acceptance holds it against a real browser.
package webui
