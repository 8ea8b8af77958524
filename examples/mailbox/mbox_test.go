package mailbox

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func splitAll(t testing.TB, text string) []string {
	t.Helper()
	split := newMboxSplitter(strings.NewReader(text))
	messages := []string{}
	for {
		r, err := split.next()
		if errors.Is(err, io.EOF) {
			return messages
		}
		require.NoError(t, err)
		raw, err := io.ReadAll(r)
		require.NoError(t, err)
		messages = append(messages, string(raw))
	}
}

func TestMboxSplitter(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"none":                  {"", []string{}},
		"one":                   {"From a\nSubject: s\n\nhi\n\n", []string{"Subject: s\n\nhi\n"}},
		"no blank at the end":   {"From a\nSubject: s\n\nhi\n", []string{"Subject: s\n\nhi\n"}},
		"no newline at the end": {"From a\nSubject: s\n\nhi", []string{"Subject: s\n\nhi"}},
		"two":                   {"From a\nA: 1\n\nx\n\nFrom b\nB: 2\n\ny\n\n", []string{"A: 1\n\nx\n", "B: 2\n\ny\n"}},
		"CRLF":                  {"From a\r\nA: 1\r\n\r\nx\r\n\r\nFrom b\r\nB: 2\r\n\r\ny\r\n", []string{"A: 1\r\n\r\nx\r\n", "B: 2\r\n\r\ny\r\n"}},
		"empty body":            {"From a\nA: 1\n\nFrom b\nB: 2\n\n", []string{"A: 1\n", "B: 2\n"}},
		"blank lines kept":      {"From a\nA: 1\n\nx\n\n\n\ny\n\n\nFrom b\n", []string{"A: 1\n\nx\n\n\n\ny\n\n", ""}},
		"From within text":      {"From a\nA: 1\n\nx\nFrom here on\n", []string{"A: 1\n\nx\nFrom here on\n"}},
		"quoted once":           {"From a\nA: 1\n\nx\n\n>From b\n", []string{"A: 1\n\nx\n\nFrom b\n"}},
		"quoted twice":          {"From a\nA: 1\n\n>>From b\n>x\n> From\n>Fro", []string{"A: 1\n\n>From b\n>x\n> From\n>Fro"}},
		"long lines":            {"From " + long + "\nA: 1\n\n" + long + "\n\nFrom b\n" + long, []string{"A: 1\n\n" + long + "\n", long}},
		"From far into a line":  {"From a\n" + strings.Repeat("x", 4096) + "From b\n>From c", []string{strings.Repeat("x", 4096) + "From b\nFrom c"}},
	} {
		require.Equal(t, test.want, splitAll(t, test.text), name)
	}
}

func TestMboxSplitterSkipsWhatIsNotRead(t *testing.T) {
	split := newMboxSplitter(strings.NewReader("From a\nA: 1\n\nx\n\nFrom b\nB: 2\n\ny\n"))
	_, err := split.next()
	require.NoError(t, err)
	second, err := split.next()
	require.NoError(t, err)
	raw, err := io.ReadAll(second)
	require.NoError(t, err)
	require.Equal(t, "B: 2\n\ny\n", string(raw))
	_, err = split.next()
	require.ErrorIs(t, err, io.EOF)
}

// quote writes a message into an mbox file as the mboxrd format has it.
func quote(message string) string {
	lines := strings.SplitAfter(message, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimLeft(line, ">"), fromLine) {
			lines[i] = ">" + line
		}
	}
	return "From x\n" + strings.Join(lines, "") + "\n"
}

// FuzzMboxSplitter: what was quoted comes out as it went in, whatever it is.
func FuzzMboxSplitter(f *testing.F) {
	f.Add("Subject: a\n\nFrom here\n>From there\n", "Subject: b\n\n\n\n")
	f.Add("\n", "\r\n\r\nFrom \r\n")
	f.Add(strings.Repeat("x", 4090)+"\n\nFrom a", "\n\n\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		if a != "" && !strings.HasSuffix(a, "\n") {
			a += "\n"
		}
		if b != "" && !strings.HasSuffix(b, "\n") {
			b += "\n"
		}
		require.Equal(t, []string{a, b}, splitAll(t, quote(a)+quote(b)))
		splitAll(t, a+b) // and no text at all panics or runs forever
	})
}
