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
// malformed, of an unknown format, a bomb.
//
// Opened are ZIP (stored, Deflate, BZIP2, Zstandard), tar, gzip, bzip2, xz, LZMA,
// Zstandard, 7z (LZMA, LZMA2, Deflate, BZIP2, stored), RAR 1.5 to 5, cpio,
// winmail.dat, mail within mail, Outlook messages, notebooks, and what is embedded
// in office documents, PDFs, RTF and uuencoded text. CAB, ARJ, ACE, LZH, StuffIt,
// BinHex and compress are recognised and refused, for nobody here can read them;
// UnreadableArchives changes that.
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
