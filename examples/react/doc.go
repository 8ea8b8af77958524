// Package react is a TypeScript package, and the Go tests that run its own. The
// hook useEmailAttachments and the component AttachmentList are in src; test
// holds them against a host that is written down, acceptance against a real one
// in Chromium, together with the page of examples/webui.
//
// The tests need Node 18 or later with npm, which installs what package-lock.json
// names; those in Chromium need chromium and clamd as well. What is missing is
// said, with the line that installs it.
package react
