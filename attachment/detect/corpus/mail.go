package corpus

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
)

func mail() []Sample {
	const eml = "Received: from a.example (a.example [192.0.2.1])\r\n\tby b.example; Mon, 23 Nov 2026 10:00:00 +0000\r\nFrom: A <a@example.com>\r\nTo: b@example.com\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<html><script>x</script></html>\r\n"
	all := []Sample{
		text(Mail, "message.eml", eml, "message/rfc822"),
		text(Mail, "short.eml", "Subject: Hi\r\nFrom: a@example.com\r\n\r\nHello\r\n", "message/rfc822"),
		text(Mail, "inbox.mbox", "From a@example.com Mon Nov 23 10:00:00 2026\n"+eml, "application/mbox", "message/rfc822"),
		text(Mail, "meeting.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "text/calendar"),
		text(Mail, "person.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nEND:VCARD\r\n", "text/vcard", "text/x-vcard"),
		text(Mail, "signature.asc", "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n-----END PGP SIGNATURE-----\n", acceptPGP...),
		text(Mail, "encrypted.asc", "-----BEGIN PGP MESSAGE-----\n\nhQEMA0\n-----END PGP MESSAGE-----\n", acceptPGP...),
		text(Mail, "key.asc", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF\n-----END PGP PUBLIC KEY BLOCK-----\n", acceptPGP...),
		one(Mail, "note.msg", CompoundFile(noClass, Stream("__properties_version1.0", "x"), Stream("__substg1.0_001A001F", "I\x00P\x00M\x00"), Storage("__nameid_version1.0")), "application/vnd.ms-outlook", "application/vnd.ms-outlook-msg"),
	}
	all = append(all, smime()...)
	return appendFile(all, Mail, "/usr/share/clamav-testfiles/clam.mail", "message/rfc822")
}

// smime lets openssl sign and encrypt.
func smime() []Sample {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		return nil
	}
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return nil
	}
	defer os.RemoveAll(dir)
	key, cert := filepath.Join(dir, "key"), filepath.Join(dir, "cert")
	if exec.Command(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-subj", "/CN=a", "-days", "1").Run() != nil {
		return nil
	}
	var all []Sample
	for _, s := range []struct {
		name   string
		accept []string
		args   []string
	}{
		{"smime.p7s", []string{"application/pkcs7-signature", "application/x-pkcs7-signature"}, []string{"smime", "-sign", "-binary", "-outform", "DER", "-signer", cert, "-inkey", key}},
		{"signed.p7m", []string{"application/pkcs7-mime", "application/pkcs7-signature", "application/x-pkcs7-mime"}, []string{"smime", "-sign", "-binary", "-nodetach", "-outform", "DER", "-signer", cert, "-inkey", key}},
		{"smime.p7m", []string{"application/pkcs7-mime", "application/x-pkcs7-mime"}, []string{"smime", "-encrypt", "-binary", "-outform", "DER", cert}},
		{"a.p12", []string{"application/x-pkcs12"}, []string{"pkcs12", "-export", "-passout", "pass:", "-inkey", key, "-in", cert}},
		{"a.pem", []string{"application/x-x509-ca-cert", "application/x-pem-file", "text/plain"}, []string{"x509", "-in", cert}},
		{"a.der", []string{"application/x-x509-ca-cert", "application/pkix-cert"}, []string{"x509", "-in", cert, "-outform", "DER"}},
	} {
		cmd := exec.Command(openssl, s.args...)
		cmd.Stdin = bytes.NewReader([]byte("Hello\r\n"))
		if out, err := cmd.Output(); err == nil && len(out) > 0 {
			all = append(all, one(Mail, s.name, out, s.accept...))
		}
	}
	return all
}
