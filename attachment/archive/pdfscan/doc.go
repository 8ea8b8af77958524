// Package pdfscan finds the files embedded in a PDF without believing what the
// PDF says about itself.
//
// Programs that show PDFs repair what is broken, each in its own way, so that a
// scanner which follows the cross-reference table sees another file than the
// reader does. This one goes by what nobody can do without: an embedded file is
// only reached through a dictionary with the key EF (ISO 32000-2, 7.11.3). That
// name stands in the bytes of the file, or in an object stream, which again
// says so by its names. A PDF without either is done after one pass. In others
// every definition of an object counts, whichever revision it belongs to.
//
// A document that opens without a password is decrypted, whatever it restricts;
// besides, everything is also read as if it were not encrypted, since to claim
// that costs nothing. Readers disagree on what an encryption dictionary that is
// not quite right means: an object stream that makes no sense under any key is
// unreadable then. Only where a password is all that is missing it is let be.
//
// # Why no library
//
// pdfcpu, the one that is kept up, reads and validates a whole document into
// memory, as the table has it; the small ones panic on hostile input. Neither
// bounds its work, and none looks for more than one revision.
//
// # What is not seen
//
// Files in a PDF that asks for a password, unless a dictionary outside of its
// object streams names them; then they are known to exist, no more. And objects
// hidden within a stream of more than 64 KiB of a file whose cross-reference data
// are in order in every entry; no reader looks there unless other damage makes it
// start all over.
package pdfscan
