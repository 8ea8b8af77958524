// Package cfb reads the directory of a compound file ([MS-CFB], better known
// as OLE2): the container of .doc, .xls, .ppt, .msg, .msi and of encrypted
// OOXML. It lists what is inside and reads the beginning of a stream, no more,
// and never follows a chain longer than the file could hold.
package cfb
