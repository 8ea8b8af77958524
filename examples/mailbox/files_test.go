package mailbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailbox"
)

func note(subject string) string {
	return "Subject: " + subject + "\nMessage-ID: <" + subject + "@x>\n\nhi\n"
}

// tree writes files into a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func subjects(msgs []mailbox.Message) []string {
	list := []string{}
	for _, msg := range msgs {
		list = append(list, msg.Subject)
	}
	return list
}

func TestFolderOfFiles(t *testing.T) {
	dir := tree(t, map[string]string{
		"b.eml": note("b"), "a.EML": note("a"), "old.mbox": "From x\n" + note("m1") + "\nFrom y\n" + note("m2") + "\n",
		"empty.mbox": "", "c.eml": "no mail", "notes.txt": note("no"), ".hidden.eml": note("no"), "sub/d.eml": note("no"),
		"e.eml/inside": "a folder that is called like a message",
	})
	require.NoError(t, os.Symlink("b.eml", filepath.Join(dir, "z.eml")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "y.eml")))
	msgs, errs := readAll(t, dir, nil)
	require.Equal(t, []string{"a", "b", "", "m1", "m2", "b"}, subjects(msgs))
	require.ErrorIs(t, errs[2], mailbox.ErrNotMessage)
	require.ErrorContains(t, errs[2], "c.eml")
	require.Equal(t, filepath.Join(dir, "old.mbox")+"#2", msgs[4].Location)
	for i, err := range errs {
		require.Equal(t, i == 2, err != nil)
	}

	msgs, _ = readAll(t, dir, &mailbox.Options{MaxMessages: 2})
	require.Equal(t, []string{"a", "b"}, subjects(msgs))
}

func TestMaildir(t *testing.T) {
	dir := tree(t, map[string]string{
		"cur/1700000002.M1P1.host:2,S": note("second"), "new/1700000001.M1P1.host": note("first"), "cur/1700000003.M1P1.host:2,": note("third"),
		"tmp/1700000000.M1P1.host": note("not delivered"), ".Sent/cur/1.host:2,": note("another mailbox"), "cur/.lock": "x", "dovecot.index": "x",
	})
	msgs, errs := readAll(t, dir, nil)
	require.Equal(t, []string{"first", "second", "third"}, subjects(msgs))
	require.Equal(t, []error{nil, nil, nil}, errs)

	src, err := mailbox.Open(t.Context(), dir, nil)
	require.NoError(t, err)
	defer src.Close()
	require.NoError(t, os.Rename(filepath.Join(dir, "new/1700000001.M1P1.host"), filepath.Join(dir, "cur/1700000001.M1P1.host:2,S")))
	require.NoError(t, os.Rename(filepath.Join(dir, "cur/1700000002.M1P1.host:2,S"), filepath.Join(dir, "cur/1700000002.M1P1.host:2,FS")))
	require.NoError(t, os.Remove(filepath.Join(dir, "cur/1700000003.M1P1.host:2,")))
	var got []string
	for msg, err := range src.Messages(t.Context()) {
		if err != nil {
			require.ErrorIs(t, err, os.ErrNotExist)
			require.ErrorContains(t, err, "1700000003")
			continue
		}
		got = append(got, msg.Subject)
	}
	require.Equal(t, []string{"first", "second"}, got, "a mail program moved them meanwhile")

	empty := tree(t, map[string]string{"cur/.keep": "", "new/.keep": ""})
	msgs, _ = readAll(t, empty, nil)
	require.Empty(t, msgs)
}

func TestMboxFile(t *testing.T) {
	last := strings.ReplaceAll(top+attachment("a.txt", "\n>From me")+"--b--\n\n", "\r\n", "\n")
	text := "From x\n" + note("a") + "\nFrom y\nno colon\n\nFrom z\n" + last
	path := filepath.Join(tree(t, map[string]string{"Inbox": text}), "Inbox")
	msgs, errs := readAll(t, path, nil)
	require.Len(t, msgs, 3)
	require.Equal(t, "a", msgs[0].Subject)
	require.ErrorIs(t, errs[1], mailbox.ErrNotMessage)
	require.ErrorContains(t, errs[1], "Inbox#2")
	require.NoError(t, errs[2])
	require.Equal(t, []string{"1 a.txt \nFrom me"}, names(t, msgs[2]))

	msgs, _ = readAll(t, path, &mailbox.Options{MaxMessages: 1})
	require.Len(t, msgs, 1)

	src, err := mailbox.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer src.Close()
	for range 2 { // a source can be read again, and left in the middle
		for msg := range src.Messages(t.Context()) {
			require.Equal(t, "a", msg.Subject)
			break
		}
	}
}

// An oversized message in the middle must not hide those behind it.
func TestMboxGoesOnAfterAMessageThatIsTooLarge(t *testing.T) {
	text := "From x\n" + note("a") + strings.Repeat("x\n", 5000) + "\nFrom y\n" + note("b") + "\n"
	msgs, errs := readAll(t, filepath.Join(tree(t, map[string]string{"m": text}), "m"), &mailbox.Options{MaxMessageBytes: 1000})
	require.Equal(t, []string{"a", "b"}, subjects(msgs))
	require.ErrorIs(t, errs[0], mailbox.ErrTooLarge)
	require.NoError(t, errs[1])
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	empty := t.TempDir()
	for spec, want := range map[string]string{
		"no/such/folder":                         "no/such/folder: no such file or directory",
		empty:                                    empty + ": no mail found",
		"pop3://user:secret@example.com":         `cannot read from a "pop3" URL`,
		"imap://":                                "IMAP URL without a host",
		"imap://127.0.0.1":                       "imap://127.0.0.1:143/INBOX: URL without a user",
		"imaps://user@127.0.0.1/Sent":            "imaps://127.0.0.1:993/Sent: no password",
		"imap://user:sec%zzret@127.0.0.1":        "malformed IMAP URL",
		"imap://user:sec/ret@127.0.0.1":          "malformed IMAP URL",
		"imap://user:secret@127.0.0.1:notaport/": "malformed IMAP URL",
	} {
		_, err := mailbox.Open(t.Context(), spec, nil)
		require.ErrorContains(t, err, want, spec)
		require.NotContains(t, err.Error(), "sec", spec)
	}
	_, err := mailbox.Open(t.Context(), testMail, &mailbox.Options{SpoolDir: filepath.Join(empty, "none")})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestSynced(t *testing.T) {
	msg, err := readOne(t, strings.Replace(top, "\r\n\r\n", "\r\nDate: Mon, 2 Mar 2026 09:14:06 +0100\r\nSubject: s\r\n\r\n", 1)+
		attachment("a.txt", "AB")+"--b\r\nContent-Type: image/png; name=i\r\nContent-Disposition: inline\r\nContent-ID: <c@x>\r\n\r\n\r\n--b--\r\n", nil)
	require.NoError(t, err)
	bare := mailbox.Message{ID: "bare"}
	got := mailbox.Synced([]mailbox.Message{msg, bare}, func(m mailbox.Message, p mailbox.Part) any { return m.ID + "/" + p.Section })
	attached := func(section, name, mimeType, id string, inline bool, size, position float64) any {
		return map[string]any{"messageId": "m@example.com", "attachment": map[string]any{
			"filename": name, "mimeType": mimeType, "size": size, "contentId": id, "isInline": inline,
			"position": position, "encoding": "binary", "attachmentData": "m@example.com/" + section,
		}}
	}
	require.Equal(t, map[string]any{"syncedMessages": []any{
		map[string]any{
			"messageId": "m@example.com", "from": "a@example.com", "subject": "s", "date": "2026-03-02T08:14:06Z",
			"attachments": []any{attached("1", "a.txt", "text/plain", "", false, 2, 0), attached("2", "i", "image/png", "c@x", true, 0, 1)},
		},
		map[string]any{"messageId": "bare", "from": "", "subject": "", "date": "", "attachments": []any{}},
	}}, got)
}
