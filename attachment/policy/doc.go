// Package policy decides which attachments are let in.
//
// A [Policy] is asked three times, each time knowing more: [Policy.Name] before
// a byte is read, [Policy.Head] when the first 64 KiB are there, [Policy.Content]
// when the whole file is. A refusal at any gate is final. Every [Decision]
// carries one [Reason] for a program and one sentence for a person.
//
//	p := policy.Default().
//		Block(policy.Extensions("html", "htm", "svg")).
//		Allow(policy.Extensions("py"))
//	if err := p.Name(policy.Subject{Filename: "invoice.pdf.exe"}).Err(); err != nil {
//		// blocked_extension
//	}
//
// # What Default blocks
//
// The extensions that at least two of Gmail, Outlook with Exchange, Microsoft
// Defender for Office 365, Chromium and rspamd call dangerous, and those that
// this module has always documented as blocked; what only Chromium judges, for
// it alone looks beyond Windows, and a handful that came up later. sources.go
// has them all. Besides, whatever their name: programs, scripts, shortcuts and
// disk images, recognised from the bytes.
//
// Archives are opened and every member is judged by the same policy, nested ones
// too, within limits. An archive that cannot be judged is refused: encrypted,
// malformed, two in one, of an unknown format, a bomb.
//
// Opened are ZIP (stored, Deflate, BZIP2, Zstandard), tar, gzip, bzip2, xz, LZMA,
// Zstandard, 7z (LZMA, LZMA2, Deflate, BZIP2, stored), RAR 1.5 to 5, cpio,
// winmail.dat, mail within mail, Outlook messages, notebooks, and what is embedded
// in office documents, PDFs, RTF and uuencoded text. CAB, ARJ, ACE, LZH, StuffIt,
// BinHex and compress are recognised and refused, for nobody here can read them;
// UnreadableArchives changes that.
//
// CAB would not be worth a reader: four of the five block the extension.
//
// # Files in PDF, RTF and text
//
// Every file embedded in a PDF is judged under each of its names, whichever
// revision of the document it belongs to, so that electronic invoices and
// portfolios pass. One whose bytes are missing, or encoded otherwise than by
// Flate, in hexadecimal or base 85, counts as an unreadable archive. So does an
// RTF object whose data make no sense; Word's equations and pictures do, and what
// an object does to the program that shows it is the virus scanner's to know.
//
// A PDF may be encrypted and still open without a password, as offices send it
// daily; its files are judged like those of any other. If it does ask for one,
// files that it is seen to have embedded count as an encrypted archive. They are
// not seen if what names them is in an encrypted object stream: such a PDF is an
// encrypted document, and EncryptedDocuments decides.
//
// uuencoded files are found in the first 64 KiB of a text, and anywhere in the
// text of a mail. Other encodings within plain text are text.
//
// # What it costs
//
// Most files, ZIPs and office documents among them, show what they are in their
// first kilobytes, or those of their members: up to 150 µs for 100 KB, and 1 % of
// the SHA-256 for 10 MB (BenchmarkJudge). What must be unpacked takes as long as
// that does: a PDF or an archive within an archive, a compressed tar. An archive
// of 200 pictures takes 2 ms, and a PDF whose cross-reference is damaged is
// searched at 5 GB/s (BenchmarkJudgeUnpacked).
//
// # Macros
//
// Gmail refuses documents whose macros are malicious; Defender's common
// attachment filter blocks .docm but not .xlsm; Outlook blocks neither and
// disables macros in files from the internet. So Default lets a document with
// macros pass and says so (Type.Macros, and a finding) provided that its name
// admits them. A .docx with a VBA project is refused: no program makes one, and
// it exists to get past filters. [Strict] refuses all macros.
//
// # Web pages
//
// HTML and SVG are mailed every day, so Default lets them in under their own
// name and refuses them under another. The serve package never shows them
// inline. Strict refuses them.
package policy
