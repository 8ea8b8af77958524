// Package archive shows what is inside an archive to somebody who judges it,
// without ever trusting it.
//
// An archive is the input that lies best: about sizes, names, and how many
// members there are. So one [Budget] bounds the whole walk, however deep; every
// byte inflated is counted against it; nothing is written under a name that the
// archive chose; and memory does not grow with what is inside.
//
// # Who lives here
//
//   - [Walk]: the members of one archive, in order. [Readable] says of which
//     formats.
//   - [Budget] and [Limits]: depth, members, bytes, ratio.
//   - [Spool]: random access to a member that is an archive itself.
package archive
