package mailbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/examples/mailbox"
)

func TestLimits(t *testing.T) {
	small := top + attachment("a.txt", "A")
	big := small + attachment("b.txt", strings.Repeat("x", 5000)) + "--b--\r\n"
	deep := ""
	for i := range 30 {
		deep += fmt.Sprintf("--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i+1)
	}
	deep = "Subject: s\r\nMessage-ID: <m@x>\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n" + deep
	for name, test := range map[string]struct {
		raw  string
		opts mailbox.Options
		want []string
		is   error
	}{
		"message":          {big, mailbox.Options{MaxMessageBytes: 4000}, []string{"1 a.txt A"}, mailbox.ErrTooLarge},
		"message in text":  {top + "--b\r\n\r\n" + strings.Repeat("x", 5000), mailbox.Options{MaxMessageBytes: 4000}, []string{}, mailbox.ErrTooLarge},
		"message, epilog":  {small + "--b--\r\n" + strings.Repeat("x", 5000), mailbox.Options{MaxMessageBytes: 4000}, []string{"1 a.txt A"}, mailbox.ErrTooLarge},
		"exactly":          {small + "--b--\r\n", mailbox.Options{MaxMessageBytes: int64(len(small)) + 7}, []string{"1 a.txt A"}, nil},
		"one byte over":    {small + "--b--\r\n", mailbox.Options{MaxMessageBytes: int64(len(small)) + 6}, []string{"1 a.txt A"}, mailbox.ErrTooLarge},
		"parts":            {small + attachment("b.txt", "B") + "--b--\r\n", mailbox.Options{MaxParts: 2}, []string{"1 a.txt A"}, mailbox.ErrTooManyParts},
		"parts, just":      {small + attachment("b.txt", "B") + "--b--\r\n", mailbox.Options{MaxParts: 3}, []string{"1 a.txt A", "2 b.txt B"}, nil},
		"depth":            {deep, mailbox.Options{}, []string{}, mailbox.ErrTooDeep},
		"temporary file":   {big, mailbox.Options{MaxSpoolBytes: 100}, []string{"1 a.txt A"}, mailbox.ErrSpoolFull},
		"header":           {"Subject: " + strings.Repeat("x\r\n ", 300_000) + "\r\n\r\n", mailbox.Options{}, []string{}, mailbox.ErrTooLarge},
		"header of a part": {top + "--b\r\nX: " + strings.Repeat("x", 5000), mailbox.Options{MaxMessageBytes: 4000}, []string{}, mailbox.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			msg, err := readOne(t, test.raw, &test.opts)
			require.Equal(t, test.want, names(t, msg))
			if test.is == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, test.is)
			require.ErrorContains(t, err, "m.eml")
		})
	}
}

// large returns a message with one attachment of size bytes, as base64.
func large(size int) string {
	var b strings.Builder
	b.WriteString(top + "--b\r\nContent-Disposition: attachment; filename=a\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	for range size / 57 {
		b.WriteString(strings.Repeat("QUJD", 19) + "\r\n")
	}
	return b.String() + "--b--\r\n"
}

func TestMemoryDoesNotGrowWithTheMessage(t *testing.T) {
	path := write(t, large(8<<20))
	src, err := mailbox.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer src.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for msg, err := range src.Messages(t.Context()) {
		require.NoError(t, err)
		require.Greater(t, msg.Attachments[0].Size, int64(7<<20))
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(512<<10), "bytes allocated in all")
}

func BenchmarkRead(b *testing.B) {
	raw := large(10 << 20)
	path := filepath.Join(b.TempDir(), "m.eml")
	if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		src, err := mailbox.Open(b.Context(), path, nil)
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range src.Messages(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
		}
		_ = src.Close()
	}
}
