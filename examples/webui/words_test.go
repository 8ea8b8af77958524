package webui

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment"
)

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1 kB", 1449: "1.4 kB", 9949: "9.9 kB", 9950: "10 kB", 9999: "10 kB",
		999_499: "999 kB", 999_500: "1 MB", 52428800: "52 MB", 5 << 30: "5.4 GB", 1<<63 - 1: "9.2 EB",
	} {
		require.Equal(t, want, size(n))
	}
}

func TestVisible(t *testing.T) {
	require.Equal(t, "a b⟨U+202E⟩c⟨U+0000⟩⟨U+000A⟩⟨U+00A0⟩ü漢", visible("a b\u202ec\x00\n\u00a0ü漢"))
}

func TestStemAndExt(t *testing.T) {
	for name, ext := range map[string]string{
		"a.txt": ".txt", "a.tar.gz": ".gz", "README": "", ".profile": "", "a.": "", "a.thirteenlongs": "", "报告.文档": ".文档",
	} {
		r := row{EmailAttachment: attachment.EmailAttachment{SafeFilename: name}}
		require.Equal(t, ext, r.Ext(), name)
		require.Equal(t, name, r.Stem()+r.Ext())
	}
}
