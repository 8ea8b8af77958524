package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// write puts a message into a file of its own.
func write(t *testing.T, raw string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.eml")
	require.NoError(t, os.WriteFile(path, []byte(raw), 0o600))
	return path
}

// readOne reads the one message of a file.
func readOne(t *testing.T, raw string, opts *mailbox.Options) (mailbox.Message, error) {
	t.Helper()
	msgs, errs := readAll(t, write(t, raw), opts)
	require.Len(t, msgs, 1)
	return msgs[0], errs[0]
}

func readAll(t *testing.T, spec string, opts *mailbox.Options) (msgs []mailbox.Message, errs []error) {
	t.Helper()
	src, err := mailbox.Open(t.Context(), spec, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	for msg, err := range src.Messages(t.Context()) {
		msgs, errs = append(msgs, msg), append(errs, err)
	}
	return msgs, errs
}

func content(t *testing.T, part mailbox.Part) string {
	t.Helper()
	r, err := part.Open()
	require.NoError(t, err)
	defer r.Close()
	raw, err := io.ReadAll(r)
	require.NoError(t, err)
	require.EqualValues(t, part.Size, len(raw))
	return string(raw)
}

// names lists "section filename content" of every attachment.
func names(t *testing.T, msg mailbox.Message) []string {
	t.Helper()
	list := []string{}
	for _, part := range msg.Attachments {
		list = append(list, part.Section+" "+part.Filename+" "+content(t, part))
	}
	return list
}

const top = "From: a@example.com\r\nMessage-ID: <m@example.com>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"

func attachment(name, body string) string {
	return "--b\r\nContent-Disposition: attachment; filename=" + name + "\r\n\r\n" + body + "\r\n"
}

func TestHeaderFields(t *testing.T) {
	msg, err := readOne(t, "From: =?utf-8?Q?J=C3=BCrgen?= <j@example.com>\nSubject: =?koi8-r?B?xMHU?=\n =?koi8-r?B?wQ==?=\n"+
		"Date: Mon, 2 Mar 2026 09:14:06 +0100\nMessage-ID:  <id@example.com> \n\nText.\n", nil)
	require.NoError(t, err)
	require.Equal(t, "Jürgen <j@example.com>", msg.From)
	require.Equal(t, "дата", msg.Subject)
	require.True(t, time.Date(2026, 3, 2, 8, 14, 6, 0, time.UTC).Equal(msg.Date))
	require.Equal(t, "id@example.com", msg.ID)
	require.True(t, strings.HasSuffix(msg.Location, "m.eml"))
	require.Empty(t, msg.Attachments)
}

func TestMessageWithoutUsableID(t *testing.T) {
	const rest = "From: a@example.com\r\nSubject: s\r\n\r\nBody.\r\n"
	plain, err := readOne(t, rest, nil)
	require.NoError(t, err)
	require.Regexp(t, `^sha256\.[0-9a-f]{32}$`, plain.ID)

	for name, same := range map[string]string{
		"other line ends":  strings.ReplaceAll(rest, "\r\n", "\n"),
		"relayed":          "Received: by mx.example.org\r\n" + rest,
		"an empty ID":      "Message-ID: <>\r\n" + rest,
		"an ID with space": "Message-ID: <a b>\r\n" + rest,
		"two IDs in one":   "Message-ID: <a@b> <c@d>\r\n" + rest,
		"control":          "Message-ID: <a\x01@b>\r\n" + rest,
		"an endless ID":    "Message-ID: <" + strings.Repeat("a", 251) + ">\r\n" + rest,
	} {
		msg, err := readOne(t, same, nil)
		require.NoError(t, err, name)
		require.Equal(t, plain.ID, msg.ID, name)
	}
	for name, other := range map[string]string{
		"other body":    strings.Replace(rest, "Body", "body", 1),
		"other subject": strings.Replace(rest, "s\r", "S\r", 1),
		"with an ID":    "Message-ID: unbracketed@example.com\r\n" + rest,
	} {
		msg, err := readOne(t, other, nil)
		require.NoError(t, err, name)
		require.NotEqual(t, plain.ID, msg.ID, name)
	}
}

func TestTextBytesAreNotConverted(t *testing.T) {
	msg, err := readOne(t, top+"--b\r\nContent-Type: text/plain; charset=iso-8859-1; name=a.txt\r\n\r\n\xe4\xff\r\n--b--\r\n", nil)
	require.NoError(t, err)
	require.Equal(t, []string{"1 a.txt \xe4\xff"}, names(t, msg))
}

func TestWhatIsAnAttachment(t *testing.T) {
	for header, want := range map[string]string{
		"Content-Type: text/plain":                                              "",
		"Content-Type: text/html; charset=utf-8":                                "",
		"Content-Disposition: inline":                                           "",
		"X-Nothing: at all":                                                     "",
		"Content-Disposition: attachment":                                       "1 part-1.txt text/plain false",
		"Content-Type: text/html\r\nContent-Disposition: attachment":            "1 part-1.html text/html false",
		"Content-Type: text/plain; name=a.txt":                                  "1 a.txt text/plain false",
		"Content-Type: text/calendar; method=REQUEST":                           "1 part-1.ics text/calendar false",
		"Content-Type: image/png":                                               "1 part-1.png image/png false",
		"Content-Type: image/png\r\nContent-Disposition: inline":                "1 part-1.png image/png true",
		"Content-Type: IMAGE/PNG\r\nContent-Disposition: INLINE; filename=a":    "1 a image/png true",
		"Content-Type: message/rfc822":                                          "1 part-1.eml message/rfc822 false",
		"Content-Type: nonsense":                                                "1 part-1.dat application/octet-stream false",
		"Content-Type: application/x-unheard-of":                                "1 part-1.dat application/x-unheard-of false",
		"Content-Type: image/png; name=n.png\r\nContent-Disposition: x; size=1": "1 n.png image/png false",
	} {
		msg, err := readOne(t, top+"--b\r\n"+header+"\r\n\r\nx\r\n--b--\r\n", nil)
		require.NoError(t, err, header)
		got := ""
		for _, p := range msg.Attachments {
			got = fmt.Sprint(p.Section, " ", p.Filename, " ", p.MIMEType, " ", p.Inline)
		}
		require.Equal(t, want, got, header)
	}
}

func TestFaultsKeepWhatCanBeRead(t *testing.T) {
	good, after := attachment("a.txt", "A"), attachment("z.txt", "Z")
	odd := func(header, body string) string {
		return "--b\r\nContent-Disposition: attachment; filename=odd\r\n" + header + "\r\n\r\n" + body + "\r\n"
	}
	inner := func(end string) string {
		return "--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Disposition: attachment; filename=i.txt\r\n\r\nI\r\n" + end
	}
	for name, test := range map[string]struct {
		raw   string
		want  []string
		fault string
		is    error
	}{
		"bad base64": {good + odd("Content-Transfer-Encoding: base64", "****") + after + "--b--\r\n",
			[]string{"1 a.txt A", "3 z.txt Z"}, `part 2 ("odd"): illegal base64 data`, nil},
		"cut base64": {good + odd("Content-Transfer-Encoding: base64", "QUJ") + after + "--b--\r\n",
			[]string{"1 a.txt A", "3 z.txt Z"}, `part 2 ("odd"): unexpected EOF`, nil},
		"unknown encoding": {good + odd("Content-Transfer-Encoding: x-rot13", "nop") + after + "--b--\r\n",
			[]string{"1 a.txt A", "3 z.txt Z"}, `part 2 ("odd"): encoding error: unhandled encoding "x-rot13"`, nil},
		"two faults": {odd("Content-Transfer-Encoding: x", "") + odd("Content-Transfer-Encoding: y", "") + after + "--b--\r\n",
			[]string{"3 z.txt Z"}, `part 2 ("odd"): encoding error: unhandled encoding "y"`, nil},
		"ends in a part":     {good + attachment("cut.txt", "half"), []string{"1 a.txt A"}, `part 2 ("cut.txt"): message ends`, mailbox.ErrTruncated},
		"ends after text":    {good + "--b\r\n\r\nhello", []string{"1 a.txt A"}, `m.eml: message ends`, mailbox.ErrTruncated},
		"ends in a header":   {good + "--b\r\nContent-Ty", []string{"1 a.txt A"}, "", mailbox.ErrTruncated},
		"malformed header":   {good + "--b\r\nno colon here\r\n\r\nx\r\n" + after + "--b--\r\n", []string{"1 a.txt A"}, "part 2: multipart without", mailbox.ErrBoundary},
		"other boundary":     {strings.ReplaceAll(good, "--b", "--c"), []string{}, "m.eml: multipart without", mailbox.ErrBoundary},
		"inner not closed":   {inner("") + after + "--b--\r\n", []string{"1.1 i.txt I", "2 z.txt Z"}, "", nil},
		"inner ends in all":  {good + inner(""), []string{"1 a.txt A"}, `part 2.1 ("i.txt"): message ends`, mailbox.ErrTruncated},
		"inner no boundary":  {"--b\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n" + after + "--b--\r\n", []string{"2 z.txt Z"}, "part 1: multipart without", mailbox.ErrBoundary},
		"inner bad boundary": {"--b\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\nx\r\n" + after + "--b--\r\n", []string{"2 z.txt Z"}, "part 1: multipart without", mailbox.ErrBoundary},
	} {
		t.Run(name, func(t *testing.T) {
			msg, err := readOne(t, top+test.raw, nil)
			require.Equal(t, "m@example.com", msg.ID)
			require.Equal(t, test.want, names(t, msg))
			if test.fault == "" && test.is == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.fault)
			require.ErrorContains(t, err, "m.eml")
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
			require.NotContains(t, err.Error(), "\n"+"\n")
		})
	}
}

func TestNotAMessage(t *testing.T) {
	for name, raw := range map[string]string{
		"empty": "", "binary": "\x00\x01\x02\xff\xfe", "prose": "Dear diary,\nnothing happened.\n", "a note": "todo: buy milk\n", "JSON": `{"a":1}`,
	} {
		msg, err := readOne(t, raw, nil)
		require.ErrorIs(t, err, mailbox.ErrNotMessage, name)
		require.Empty(t, msg.ID)
		require.ErrorContains(t, err, "m.eml")
	}
	for name, raw := range map[string]string{"header alone": "Subject: s\n", "with a byte order mark": "\ufeffSubject: s\n\nx"} {
		msg, err := readOne(t, raw, nil)
		require.NoError(t, err, name)
		require.Equal(t, "s", msg.Subject)
	}
}

func TestCancelledIteration(t *testing.T) {
	src, err := mailbox.Open(t.Context(), testMail, nil)
	require.NoError(t, err)
	defer src.Close()
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var last error
	count := 0
	for _, err := range src.Messages(ctx) {
		last = err
		if count++; count == 3 {
			cancel(stop)
		}
	}
	require.ErrorIs(t, last, stop)
	require.LessOrEqual(t, count, 4)
}

func TestPartsAreReadableUntilTheSourceIsClosed(t *testing.T) {
	src, err := mailbox.Open(t.Context(), write(t, top+attachment("a.txt", "A")+attachment("b.txt", "B")+"--b--\r\n"), nil)
	require.NoError(t, err)
	var parts []mailbox.Part
	for msg := range src.Messages(t.Context()) {
		parts = append(parts, msg.Attachments...)
	}
	require.Len(t, parts, 2)
	for range 2 { // as often as one likes
		require.Equal(t, "A", content(t, parts[0]))
		require.Equal(t, "B", content(t, parts[1]))
	}
	require.NoError(t, src.Close())
	r, err := parts[0].Open()
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	require.ErrorIs(t, err, os.ErrClosed)

	_, err = mailbox.Part{}.Open()
	require.Error(t, err)
}

// Nothing is left in the temporary folder even while the source is open, so
// that a killed process leaves nothing either.
func TestTheTemporaryFileHasNoName(t *testing.T) {
	dir := t.TempDir()
	readAll(t, testMail, &mailbox.Options{SpoolDir: dir})
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestPlaceholders(t *testing.T) {
	raw := top + "--b\r\nContent-Disposition: attachment; filename=a\r\n\r\n{{X}}\r\n{{X}} \r\n" + strings.Repeat("y", 9000) + "\r\n--b--\r\n"
	msg, err := readOne(t, raw, &mailbox.Options{Placeholders: map[string]string{"{{X}}": "replaced"}})
	require.NoError(t, err)
	require.Equal(t, []string{"1 a replaced\r\n{{X}} \r\n" + strings.Repeat("y", 9000)}, names(t, msg))
	msg, err = readOne(t, raw, nil)
	require.NoError(t, err)
	require.Contains(t, names(t, msg)[0], "{{X}}\r\n")
}

// FuzzMessage: no input panics, and whatever is delivered can be read.
func FuzzMessage(f *testing.F) {
	f.Add([]byte(top + attachment("a.txt", "A") + "--b--\r\n"))
	f.Add([]byte("From x\nSubject: s\n\n>From y\n\nFrom z\nSubject: t\n\n"))
	for _, name := range []string{"broken-truncated.eml", "outlook-related-in-mixed.eml", "mutt-rfc2231-koi8r.eml"} {
		raw, err := os.ReadFile(filepath.Join(testMail, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(dir, fmt.Sprintf("%d.eml", os.Getpid()))
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		src, err := mailbox.Open(t.Context(), path, &mailbox.Options{MaxMessageBytes: 1 << 20, SpoolDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		for msg, err := range src.Messages(t.Context()) {
			if msg.ID == "" && err == nil {
				t.Fatal("a message without ID and without error")
			}
			for _, part := range msg.Attachments {
				content(t, part)
			}
		}
	})
}
