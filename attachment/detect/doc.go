// Package detect says what a file is, from its bytes.
//
// Names and declared types are claims. What decides is how the bytes begin and,
// where the format keeps its truth elsewhere, the directory of a ZIP or OLE2
// file and the last few kilobytes.
//
// # Who lives here
//
//   - [Type]: what was found; [Family] groups types by what they can do.
//   - [Detector] and [Default]: h2non/filetype and gabriel-vasile/mimetype, for
//     the many formats that are merely data, behind our own matchers for what is
//     dangerous and what those two miss: scripts, shortcuts, disk images, web
//     pages in any encoding, macros, encrypted documents, mail formats.
//   - [ByExtension]: what a file name claims.
//   - zipdir and cfb: the two directories, read in bounded memory; inflate: how
//     a member begins, for little; uuencode: files written into text.
//
// How accurate this is, beside file(1) and each library alone, is measured by
// TestAccuracy and recorded in ACCURACY.md.
package detect
