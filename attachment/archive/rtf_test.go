package archive_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/archive"
	"github.com/metabuilder/workflow-plugin-attachment-handler/attachment/detect/corpus"
	"github.com/stretchr/testify/require"
)

// contents walks b and returns "name=content" for every member; "?" stands for
// what cannot be had.
func contents(ctx context.Context, mime string, b []byte) ([]string, error) {
	var members []string
	err := archive.Walk(ctx, mime, bytes.NewReader(b), int64(len(b)), archive.NewBudget(archive.Limits{}, int64(len(b))), func(m archive.Member, r io.Reader) error {
		content := []byte("?")
		if r != nil {
			var err error
			if content, err = io.ReadAll(r); err != nil {
				return err
			}
		}
		members = append(members, m.Name+"="+string(content))
		return nil
	})
	return members, err
}

// TestRTF goes through what is done to the digits of an object so that they do
// not look like one.
func TestRTF(t *testing.T) {
	object := corpus.OLEObject("Package", corpus.OLEPackage("a.txt", "a.txt", []byte("hello"))[4:])
	plain := hex.EncodeToString(object)
	half := len(plain) / 2
	raw := "\\bin" + "10 " + string(object[:10])
	for name, tc := range map[string]struct {
		data string
		want []string
	}{
		"plain":           {plain, []string{"a.txt=hello"}},
		"upper case":      {strings.ToUpper(plain), []string{"a.txt=hello"}},
		"blanks":          {strings.Join(strings.Split(plain, ""), " \r\n\t"), []string{"a.txt=hello"}},
		"control words":   {plain[:9] + `\par\b0 \i1 ` + plain[9:], []string{"a.txt=hello"}},
		"symbols":         {plain[:9] + `\~\'41\*` + plain[9:], []string{"a.txt=hello"}},
		"groups":          {plain[:9] + `{\b ` + plain[9:half] + `}{}` + plain[half:], []string{"a.txt=hello"}},
		"ignorable group": {plain[:9] + `{\*\nothing 4142{43}\bin1 }}` + plain[9:], []string{"a.txt=hello"}},
		"binary":          {raw + plain[20:], []string{"a.txt=hello"}},
		"rubbish":         {plain[:9] + "xyz;~!" + plain[9:], []string{"a.txt=hello"}},
		"open":            {plain[:len(plain)-8], []string{"a.txt=h"}},
		"empty":           {"", nil},
		"another class":   {hex.EncodeToString(corpus.OLEObject("PBrush", "BM")), []string{"=BM"}},
		"no data":         {hex.EncodeToString(corpus.OLEObject("PBrush", "")), []string{"="}},
		"link":            {"01050000" + "01000000" + plain[16:], nil},
		"other version":   {"ffffffff" + plain[8:], []string{"a.txt=hello"}},
		"no object":       {"0102030405060708", []string{"=?"}},
		"huge name":       {plain[:16] + "ffffffff" + plain[24:], []string{"=?"}},
		"no package":      {hex.EncodeToString(corpus.OLEObject("Package", "\x02\x00abc")), []string{"=?"}},
		"object in it":    {hex.EncodeToString(corpus.OLEObject("PBrush", "BM")) + `{\object{\*\objdata ` + plain + "}}", []string{"=BM", "a.txt=hello"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := contents(t.Context(), "text/rtf", corpus.RTFOf(tc.data))
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestRTFEveryWindowBoundary(t *testing.T) {
	object := corpus.RTFWith("PBrush", "BM")
	for shift := range 40 {
		b := append(bytes.Repeat([]byte("\n"), 64<<10-shift), object[strings.Index(string(object), `\objdata`):]...)
		got, err := contents(t.Context(), "text/rtf", b)
		require.NoError(t, err)
		require.Equal(t, []string{"=BM"}, got, shift)
	}
}

// FuzzRTF proves that bytes in memory never fail but for the budget, and that a
// member can be read to its end.
func FuzzRTF(f *testing.F) {
	f.Add(corpus.RTFWith("Package", corpus.OLEPackage("a", "b", []byte("x"))[4:]))
	f.Add(corpus.RTFWith("PBrush", "BM"))
	f.Add([]byte(`{\rt{\*\objdata 01{\*\x 2}050000\bin4 abcd\'00{\objdata`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := list(t.Context(), "text/rtf", b, archive.Limits{Members: 1000})
		if err != nil && !errors.Is(err, archive.ErrBomb) && !errors.Is(err, archive.ErrTooMany) {
			t.Fatal(err)
		}
	})
}
