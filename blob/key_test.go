package blob_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

func TestValidateKey(t *testing.T) {
	long := strings.Repeat("x", blob.MaxSegmentBytes)
	for _, key := range []string{
		"a", "a/b", "a b", "...", "a/.../b", ".hidden", "Report (1).PDF", "~", "%2e%2e",
		"契約書/отчёт.pdf", "عقد", "e\u0301", "😀", "a:b", "CON", "nul.txt ", long,
		long + "/" + long + "/" + long + "/" + long + "/", // cut to 1024 below
	} {
		key = strings.TrimSuffix(key, "/")
		require.NoError(t, blob.ValidateKey(key), "%q", key)
	}
	for name, key := range map[string]string{
		"empty":                    "",
		"absolute":                 "/a",
		"folder":                   "a/",
		"empty segment":            "a//b",
		"dot":                      ".",
		"dot inside":               "a/./b",
		"dotdot":                   "..",
		"dotdot at the end":        "a/..",
		"climbing":                 "../a",
		"backslash":                `a\b`,
		"NUL":                      "a\x00b",
		"newline":                  "a\nb",
		"DEL":                      "a\x7f",
		"C1 control":               "a\u0085b",
		"right-to-left override":   "a\u202egpj.exe",
		"zero-width joiner":        "a\u200db",
		"byte order mark":          "\ufeffa",
		"tag character":            "a\U000e0041",
		"not UTF-8":                "a\xff",
		"UTF-8 of a surrogate":     "a\xed\xa0\x80",
		"overlong slash":           "a\xc0\xafb",
		"segment one byte long":    long + "x",
		"key one byte too long":    strings.Repeat("x/", blob.MaxKeyBytes/2) + "x",
		"segment long only as a b": strings.Repeat("é", 128),
	} {
		require.ErrorIs(t, blob.ValidateKey(key), blob.ErrInvalidKey, name)
	}
}

func FuzzValidateKey(f *testing.F) {
	f.Add("a/b")
	f.Add("../x")
	f.Add("a\u202eb")
	f.Fuzz(func(t *testing.T, key string) {
		if err := blob.ValidateKey(key); err != nil {
			require.ErrorIs(t, err, blob.ErrInvalidKey)
			return
		}
		require.True(t, utf8.ValidString(key))
		require.True(t, len(key) > 0 && len(key) <= blob.MaxKeyBytes)
		require.False(t, strings.ContainsFunc(key, unicode.IsControl))
		require.NotContains(t, key, `\`)
		for segment := range strings.SplitSeq(key, "/") {
			require.NotContains(t, []string{"", ".", ".."}, segment)
			require.LessOrEqual(t, len(segment), blob.MaxSegmentBytes)
		}
	})
}
