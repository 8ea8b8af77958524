// Package mailbox reads e-mail from where it lies and hands over the
// attachments: .eml files, folders of them, Maildir, mbox, and IMAP accounts.
// It is part of the example hosts, not of the library.
//
//	src, err := mailbox.Open(ctx, "testdata/mail", nil)
//	if err != nil { … }
//	defer src.Close()
//	for msg, err := range src.Messages(ctx) {
//		if err != nil { log.Print(err) } // names the file; msg has what could be read
//		for _, part := range msg.Attachments { … part.Open() … }
//	}
//
// # What counts as an attachment
//
// Every leaf of the MIME tree that is not the text of the message: a part with
// a filename, a part marked "attachment", and anything that is not plain text
// or HTML. Inline images are attachments with Inline set. A forwarded message
// (message/rfc822) is one attachment, as mail programs show it; what is
// attached inside it is not listed.
//
// The bytes are the sender's: the transfer encoding is undone, the charset of
// a text attachment is not converted. Only the line ends of an attachment that
// travels as plain text (7bit, 8bit, quoted-printable) are those of whoever
// stored the message: CRLF on an IMAP server, often LF in a file. Names are decoded (RFC 2231, RFC 2047
// and what real programs send instead) and otherwise left as they are,
// "../../evil.exe" included: making them safe is the attachment handler's job.
//
// # Memory and limits
//
// A message is parsed as it streams by. The decoded attachments go to a
// temporary file without a name, which vanishes with [Source].Close or with
// the process, so memory stays flat whatever the mailbox holds. Message size,
// parts, nesting and the temporary file are limited by default; see [Options].
//
// # Who lives here
//
//   - [Open]: from a path or URL to a [Source].
//   - [Message] and [Part]: what a source yields.
//   - [Synced]: messages in the shape that the imap-sync node puts out.
//   - [Parts]: opens an attachment on an IMAP server by reference, in a process
//     that has not read the message before.
package mailbox
