package mailbox_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailbox"
)

const testMail = "../../testdata/mail"

// expected is a row of testdata/mail/expected.json: one attachment, or one
// fault if Expect is UNREADABLE.
type expected struct {
	File      string `json:"file"`
	MessageID string `json:"messageId"`
	Section   string `json:"section"`
	Filename  string `json:"filename"`
	MIMEType  string `json:"mimeType"`
	ContentID string `json:"contentId"`
	Inline    bool   `json:"inline"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	Expect    string `json:"expect"`
	Scan      string `json:"scan"`
}

func readExpected(t *testing.T) []expected {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testMail, "expected.json"))
	require.NoError(t, err)
	var rows []expected
	require.NoError(t, json.Unmarshal(raw, &rows))
	require.NotEmpty(t, rows)
	return rows
}

// The table and the reader agree on every attachment of the test mail.
func TestTestMailIsReadAsExpected(t *testing.T) {
	src, err := mailbox.Open(t.Context(), testMail, &mailbox.Options{Placeholders: mailbox.EICAR()})
	require.NoError(t, err)
	defer src.Close()

	var got []expected
	ids := map[string]string{}
	for msg, err := range src.Messages(t.Context()) {
		file := filepath.Base(msg.Location)
		require.NotContains(t, ids, msg.ID, "two messages share an ID")
		ids[msg.ID] = file
		require.NotEmpty(t, msg.From, file)
		require.NotEmpty(t, msg.Subject, file)
		require.False(t, msg.Date.IsZero(), file)
		for _, part := range msg.Attachments {
			got = append(got, expected{
				File: file, MessageID: msg.ID, Section: part.Section, Filename: part.Filename, MIMEType: part.MIMEType,
				ContentID: part.ContentID, Inline: part.Inline, Size: part.Size, SHA256: digest(t, part),
			})
		}
		if err != nil {
			var fault *mailbox.Error
			require.ErrorAs(t, err, &fault)
			require.Contains(t, err.Error(), file)
			got = append(got, expected{File: file, MessageID: msg.ID, Section: fault.Section, Filename: fault.Filename, Expect: "UNREADABLE"})
		}
	}
	require.GreaterOrEqual(t, len(ids), 25)

	want := readExpected(t)
	require.Len(t, got, len(want))
	for i, row := range want {
		row.Scan = "" // Expect and Scan are for the attachment handler
		if row.Expect != "UNREADABLE" {
			row.Expect = ""
		} else {
			row.MIMEType = ""
		}
		require.Equal(t, row, got[i])
	}
}

func digest(t *testing.T, part mailbox.Part) string {
	t.Helper()
	r, err := part.Open()
	require.NoError(t, err)
	h := sha256.New()
	_, err = io.Copy(h, r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return hex.EncodeToString(h.Sum(nil))
}

// The hashes of the table hold against the standard library's decoders alone,
// which share no code with this package.
func TestExpectedHashesHoldIndependently(t *testing.T) {
	digests := map[string]map[string]string{} // file → section → digest
	for _, row := range readExpected(t) {
		if digests[row.File] == nil {
			raw, err := os.ReadFile(filepath.Join(testMail, row.File))
			require.NoError(t, err)
			for placeholder, value := range mailbox.EICAR() {
				raw = bytes.ReplaceAll(raw, []byte(placeholder), []byte(value))
			}
			msg, err := netmail.ReadMessage(bytes.NewReader(raw))
			require.NoError(t, err, row.File)
			digests[row.File] = map[string]string{}
			decode(digests[row.File], textproto.MIMEHeader(msg.Header), msg.Body, "")
		}
		if row.Expect != "UNREADABLE" {
			require.Equal(t, fmt.Sprintf("%s %d", row.SHA256, row.Size), digests[row.File][row.Section], "%s part %s", row.File, row.Section)
		}
	}
}

func decode(digests map[string]string, header textproto.MIMEHeader, body io.Reader, section string) {
	mediaType, params, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if strings.HasPrefix(mediaType, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for n := 1; ; n++ {
			part, err := parts.NextRawPart()
			if err != nil {
				return
			}
			decode(digests, part.Header, part, strings.TrimPrefix(fmt.Sprintf("%s.%d", section, n), "."))
		}
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "base64":
		clean, _ := io.ReadAll(body)
		clean = bytes.Join(bytes.Fields(clean), nil)
		body = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(clean))
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	if section == "" {
		section = "1"
	}
	content, err := io.ReadAll(body)
	if err == nil {
		digests[section] = fmt.Sprintf("%x %d", sha256.Sum256(content), len(content))
	}
}

// No virus scanner may trip over a checkout.
func TestRepositoryHoldsNoVirusTestFile(t *testing.T) {
	for _, encoded := range mailbox.EICAR() {
		plain, err := base64.StdEncoding.DecodeString(encoded)
		require.NoError(t, err)
		require.Len(t, plain, 68)
		files, err := filepath.Glob(filepath.Join(testMail, "*"))
		require.NoError(t, err)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			require.False(t, bytes.Contains(raw, plain), file)
			require.False(t, bytes.Contains(raw, []byte(encoded[:40])), file)
		}
	}
}
