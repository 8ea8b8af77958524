package mailbox

import (
	"context"
	"io"
	"testing"

	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/claimcheck"
	"github.com/metabuilder/workflow-plugin-attachment-handler/tenant"
)

const mailTwoParts = "Message-ID: <two@example.com>\r\nFrom: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n" +
	"--b\r\nContent-Type: text/csv; name=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\nYSxi\r\n" +
	"--b\r\nContent-Type: text/csv; name=c.csv\r\nContent-Transfer-Encoding: base64\r\n\r\nYyxk\r\n--b--\r\n"

// TestPartsOpenByReference reads a mailbox with one connection and opens its
// parts with others.
func TestPartsOpenByReference(t *testing.T) {
	s := startIMAP(t, imapserver.Options{InsecureAuth: true}, nil, mailNote("one"), mailTwoParts)
	spec := "imap://" + testLogin + "@" + s.addr + "/INBOX"
	msgs, _ := collect(t, spec, nil)

	parts := claimcheck.Mux{IMAPScheme: Parts(func(ctx context.Context) (string, *Options, error) {
		tc, err := tenant.FromContext(ctx)
		if err == nil && tc.TenantID() != "acme" {
			err = tenant.ErrUnknown
		}
		return spec, nil, err
	})}
	ctx := tenant.NewContext(t.Context(), tenant.User{Tenant: "acme", ID: "maria"})
	var got []string
	for _, msg := range msgs {
		for _, part := range msg.Attachments {
			ref, ok := msg.Reference(part)
			require.True(t, ok)
			body, err := parts.OpenReference(ctx, ref)
			require.NoError(t, err)
			data, err := io.ReadAll(body)
			require.NoError(t, err)
			require.NoError(t, body.Close())
			require.Equal(t, bytesOf(t, part), string(data))
			got = append(got, string(data))
		}
	}
	require.Subset(t, got, []string{"a,b", "c,d"})

	ref, _ := msgs[1].Reference(msgs[1].Attachments[0])
	_, err := parts.OpenReference(t.Context(), ref)
	require.ErrorIs(t, err, tenant.ErrMissing)
	_, err = parts.OpenReference(tenant.NewContext(t.Context(), tenant.User{Tenant: "other", ID: "eve"}), ref)
	require.ErrorIs(t, err, tenant.ErrUnknown)
	for text, want := range map[string]error{
		ref.Ref + ".9":  claimcheck.ErrGone,
		"imap:0/1/2":    claimcheck.ErrGone,
		"imap:1/2":      claimcheck.ErrReference,
		"imap:1/0/2":    claimcheck.ErrReference,
		"imap:1/-2/2":   claimcheck.ErrReference,
		"imap:x\r\n/2/": claimcheck.ErrReference,
		"imap:":         claimcheck.ErrReference,
	} {
		_, err := parts.OpenReference(ctx, attachment.Reference{Ref: text})
		require.ErrorIs(t, err, want, text)
	}
	_, ok := Message{}.Reference(Part{Section: "1"})
	require.False(t, ok, "a file has no reference")
}
