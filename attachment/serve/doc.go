// Package serve says under which HTTP headers a stranger's file may reach a
// browser.
//
// Whatever the file is, it must not run in the origin that hands it out. So it
// is a download unless its type is on a short list of inert ones and the caller
// asks for more; its Content-Type comes from what was detected, never from what
// was declared; nothing may be sniffed; and if a browser shows it all the same,
// it does so in a sandbox without script and without an origin.
package serve
