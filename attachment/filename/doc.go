// Package filename turns the name a mail part claims to have into one that is
// safe to store, to show and to hand to a browser.
//
// A name in a message is written by a stranger, passes through programs that
// encode it in half a dozen ways, and is read at the end by Windows, macOS or a
// browser, each of which has its own idea of what the name says. "invoice.exe .",
// "invoice.exe::$DATA" and "invoice%2Eexe" all open as a program.
//
// # Who lives here
//
//   - [Decode] undoes what mail does to a name: encoded words (RFC 2047),
//     extended values (RFC 2231), percent escapes, overlong UTF-8, unlabelled
//     eight-bit text.
//   - [Sanitize] goes from any bytes to a safe name.
//   - [Extensions] lists what the name could open as: the effective extension
//     first, then every inner one.
//
// All three are pure and total: no input makes them fail or panic, and their
// cost is linear in its length.
package filename
