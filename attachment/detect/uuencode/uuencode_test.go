package uuencode_test

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/uuencode"
	"github.com/stretchr/testify/require"
)

// list returns "name=content" for every file in text.
func list(text string) ([]string, error) {
	var files []string
	r := uuencode.NewReader(strings.NewReader(text))
	for {
		name, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return files, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return files, err
		}
		files = append(files, name+"="+string(content))
	}
}

func TestReader(t *testing.T) {
	const hello = "begin 644 a.txt\n%:&5L;&\\\n`\nend\n"
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"usual":             {hello, []string{"a.txt=hello"}},
		"CRLF":              {strings.ReplaceAll(hello, "\n", "\r\n"), []string{"a.txt=hello"}},
		"behind prose":      {"Hi,\nhere it is:\n\n" + hello, []string{"a.txt=hello"}},
		"two":               {hello + "and\n" + strings.Replace(hello, "a.txt", "b c.txt", 1), []string{"a.txt=hello", "b c.txt=hello"}},
		"checksums":         {strings.Replace(hello, "&\\\n", "&\\X\n", 1), []string{"a.txt=hello"}},
		"no end":            {"begin 0644 a.txt\n%:&5L;&\\", []string{"a.txt=hello"}},
		"lost blanks":       {"begin 644 a.txt\n$0@\n \nend\n", []string{"a.txt=B\x00\x00\x00"}},
		"Base64":            {"begin-base64 644 a.txt\naGVs\nbG8=\n====\n", []string{"a.txt=hello"}},
		"Base64, odd lines": {"begin-base64 644 a.txt\naGVsb\nG8=\n====\n", []string{"a.txt=hello"}},
		"prose":             {"To begin 644 times\nbegin here\nbegin 100 times\n\nbegin\nbegin 644 \nbegin 644\nbeginning 644 a\nend\n", nil},
		"begin in vain":     {"begin 644 x\n\n" + hello, []string{"a.txt=hello"}},
		"other characters":  {"begin 644 a.txt\n%zfuL{f\\ and so on\nend\n", []string{"a.txt=hello"}},
		"long line":         {strings.Repeat("x", 10_000) + "\n" + hello, []string{"a.txt=hello"}},
		"other mode":        {"begin 999 a.txt\n%:&5L;&\\\nend\n", nil},
		"within a line":     {"begin" + hello, nil},
		"empty":             {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := list(tc.text)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
			require.Equal(t, tc.want != nil, uuencode.Contains([]byte(tc.text)))
		})
	}
}

func TestReaderFailsWithItsSource(t *testing.T) {
	broken := errors.New("disk on fire")
	source := io.MultiReader(strings.NewReader("begin 644 a\n%:&5L;&\\\n"), iotest.ErrReader(broken))
	r := uuencode.NewReader(source)
	_, err := r.Next()
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	require.ErrorIs(t, err, broken)
	_, err = r.Next()
	require.ErrorIs(t, err, broken)
}

// TestEncoder holds the encoder of the tests against the tool, if it is there.
func TestEncoder(t *testing.T) {
	data := bytes.Repeat([]byte("\x00\xFF hello"), 100)
	for n := range 100 {
		got, err := list(corpus.UUEncode("a b.bin", data[:n+1]))
		require.NoError(t, err)
		require.Equal(t, []string{"a b.bin=" + string(data[:n+1])}, got)
	}
	for _, args := range [][]string{{"a b.bin"}, {"-m", "a b.bin"}} {
		cmd := exec.Command("uuencode", args...)
		cmd.Stdin = bytes.NewReader(data)
		text, err := cmd.Output()
		if errors.Is(err, exec.ErrNotFound) {
			t.Log("uuencode is not installed (apt-get install sharutils)")
			return
		}
		require.NoError(t, err)
		got, err := list(string(text))
		require.NoError(t, err)
		require.Equal(t, []string{"a b.bin=" + string(data)}, got)
	}
}

// FuzzReader proves that any text can be read to its end, and that nothing is
// found in one that is said to contain nothing.
func FuzzReader(f *testing.F) {
	f.Add("Hi\n" + corpus.UUEncode("a.txt", []byte("hello")))
	f.Add("begin-base64 644 a\naGVs\nbG8=\n====\nbegin 1000 b\n#   ")
	f.Fuzz(func(t *testing.T, text string) {
		files, err := list(text)
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, file := range files {
			size += len(file)
		}
		if size > 64*(len(text)+1) {
			t.Fatalf("%d bytes from %d", size, len(text))
		}
		if len(files) > 0 && !uuencode.Contains([]byte(text)) {
			t.Fatalf("%q in %q", files, text)
		}
	})
}
