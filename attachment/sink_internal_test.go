package attachment

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/policy"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob/memblob"
)

// trailer is what an Apple disk image ends with.
func trailer() []byte {
	return append([]byte("koly\x00\x00\x00\x04"), make([]byte, policy.TailBytes-8)...)
}

// unknown is bytes that nothing recognises.
func unknown(size int) []byte { return bytes.Repeat([]byte{0xF5, 0x01, 0x9C}, size/3+1)[:size] }

// TestEndsAreKeptInMemory: where the ends suffice, a store whose blobs cannot be
// read before they are published needs no spool file, and what signs at its end
// is recognised all the same.
func TestEndsAreKeptInMemory(t *testing.T) {
	t.Setenv("TMPDIR", "/dev/null") // a spool file would fail
	w, err := memblob.New(nil).Create(t.Context(), "key", nil)
	require.NoError(t, err)
	defer w.Abort()
	s := newSink(struct{ blob.Writer }{w}) // the wrapper hides that it can be read
	defer s.close()
	require.Error(t, s.makeReadable(false))
	require.NoError(t, s.makeReadable(true))

	data := append(unknown(300_000), trailer()...)
	_, err = io.CopyBuffer(struct{ io.Writer }{s}, struct{ io.Reader }{bytes.NewReader(data)}, make([]byte, 77_777))
	require.NoError(t, err)
	decision, err := policy.Default().Content(t.Context(), policy.Subject{Filename: "data.bin1"}, s.readable, int64(len(data)))
	require.NoError(t, err)
	require.Equal(t, "application/x-apple-diskimage", decision.Type.MIME)
	require.False(t, decision.Allow)

	_, err = s.readable.ReadAt(make([]byte, 1), 100_000)
	require.ErrorIs(t, err, errMiddle)
}

// FuzzEnds: a policy that says so reads the ends alone, and judges by them what
// it would judge by everything.
func FuzzEnds(f *testing.F) {
	f.Add("a.bin1", "", unknown(100), trailer(), 100)
	f.Add("a", "application/zip", unknown(100), []byte("PK\x05\x06"), 1)
	f.Add("a.vhd", "", unknown(70_000), append([]byte("xconectix"), make([]byte, 503)...), 512)
	f.Add("a.pdf", "", append(unknown(20), "%PDF-1.7"...), []byte("/Encrypt"), 4096)
	p := policy.Default()
	f.Fuzz(func(t *testing.T, name, declared string, head, tail []byte, piece int) {
		head = append(head, unknown(100_000)...)
		data := append(head, tail...)
		subject := policy.Subject{Filename: name, Declared: declared, Size: int64(len(data))}
		if !p.Head(subject, data[:policy.HeadBytes], false).EndsSuffice {
			return
		}
		kept := new(ends)
		for rest := data; len(rest) > 0; {
			n := min(max(piece, 1), len(rest))
			_, _ = kept.Write(rest[:n])
			rest, piece = rest[n:], piece*3+1
		}
		byEnds, err := p.Content(context.Background(), subject, kept, kept.size)
		require.NoError(t, err)
		byAll, err := p.Content(context.Background(), subject, bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		require.Equal(t, byAll, byEnds)
	})
}
