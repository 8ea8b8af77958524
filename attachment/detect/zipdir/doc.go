// Package zipdir reads the central directory of a ZIP file (PKWARE APPNOTE
// 6.3.10) one entry at a time.
//
// archive/zip is not used for this, because it holds every entry at once: a
// 40 MB file can name a million members. Here memory does not grow with the
// directory, an entry is compared with its local header, and nothing is
// inflated that nobody asks for.
package zipdir
